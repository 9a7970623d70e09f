package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.LlamaFamily;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

/** What a step costs beside its kernels. */
class LeanStepTest {
  private static final Map<Class<?>, Object> FAMILIES = new ConcurrentHashMap<>();
  private static final long ROWS = 4 * 256;
  private static final long ELEMENTS = ROWS * 64;          // rows times the width
  private static final int SLACK = 10_000;                 // bytes: each tensor has some
  private static final Set<String> KEPT = Set.of("weight", "pool", "close");

  /** Kernels that compute nothing. */
  private static Kernels idle(Kernels real) {
    return (Kernels) Proxy.newProxyInstance(Kernels.class.getClassLoader(), new Class<?>[]{Kernels.class},
        (proxy, method, args) -> KEPT.contains(method.getName())
            ? method.invoke(real, args)
            : idle(method.getReturnType()));
  }

  /** Of a family of kernels, one that computes nothing either; else nothing. */
  private static Object idle(Class<?> type) {
    if (!type.isInterface()) return null;
    return FAMILIES.computeIfAbsent(type, t -> Proxy.newProxyInstance(t.getClassLoader(), new Class<?>[]{t},
        (proxy, method, args) -> null));
  }

  @Test
  void aStepLeavesTheGarbageCollectorNothingButSmallRecordsAndTheArenaStopsGrowing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Gpt2Config config = Gpt2Config.of(101, 256, 64, 12, 4);
    try (Kernels plain = PlainKernels.of(1);
        DecoderModel model = DecoderModel.create(config, idle(plain), Precision.BFLOAT16, 1);
        Memory memory = Memory.allocate(model.layout().size() * Float.BYTES)) {
      Tensor gradients = Tensor.at(memory.address(), DType.FLOAT32, model.layout().size());
      Batch batch = Samples.batch(101, 256, 0, 256, 256, 256, 256);
      for (int i = 0; i < 3; i++) model.accumulate(batch, gradients);
      long peak = model.peakActivationBytes();
      long before = threads.getCurrentThreadAllocatedBytes();
      model.accumulate(batch, gradients);
      long allocated = threads.getCurrentThreadAllocatedBytes() - before;
      assertThat(model.peakActivationBytes()).isEqualTo(peak).isGreaterThan(10_000_000);
      assertThat(allocated).isLessThan(200_000);               // some 160 operations, and the ids of 1,024 tokens
    }
  }

  /** Makes a model of so many layers. */
  @FunctionalInterface
  private interface Deep<B extends MicroBatch> {
    TapedModel<B> of(int layers, Kernels kernels, Precision precision);
  }

  /** Bytes that a layer more makes of a micro-batch's activations and their gradients. */
  private static <B extends MicroBatch> double ofALayer(Deep<B> deep, Precision precision, B batch) {
    long[] peaks = new long[2];
    for (int i = 0; i < 2; i++) {
      try (Kernels plain = PlainKernels.of(1);
          TapedModel<B> model = deep.of(2 + i, idle(plain), precision);
          Memory memory = Memory.allocate(model.layout().size() * Float.BYTES)) {
        model.accumulate(batch, Tensor.at(memory.address(), DType.FLOAT32, model.layout().size()));
        peaks[i] = model.peakActivationBytes();
      }
    }
    return peaks[1] - peaks[0];
  }

  @Test
  void aLayerKeepsWhatItsWayBackReadsAndNoGradients() {
    Deep<Batch> deep = (layers, kernels, precision) -> DecoderModel.create(Gpt2Config.of(101, 256, 64, layers, 4),
        kernels, precision, 1);
    // two norms with the sums that they read, q k v, what attention found, and what the activation reads
    long kept = 4 * (ELEMENTS * (2 * 2 + 3 + 1 + 4) + ROWS * (4 + 2 * 2));
    assertThat(ofALayer(deep, Precision.FLOAT32, Samples.batch(101, 256, 0, 256, 256, 256, 256)))
        .isBetween((double) kept, (double) kept + SLACK);
  }

  @Test
  void aGatedLayerKeepsItsGateAndWhatIsGatedButNotTheirProduct() {
    Deep<Batch> deep = (layers, kernels, precision) -> DecoderModel.create(
        LlamaConfig.of(LlamaFamily.LLAMA, 101, 256, 64, layers, 4, 2, 128), kernels, precision, 1);
    // stored: two norms, queries and half as wide keys and values, what attention found, gate and up; float32: two sums
    long kept = 2 * ELEMENTS * (2 + 2 + 1 + 2 * 2) + 4 * (ELEMENTS * 2 + ROWS * (4 + 2 * 2));
    assertThat(ofALayer(deep, Precision.BFLOAT16, Samples.batch(101, 256, 0, 256, 256, 256, 256)))
        .isBetween((double) kept, (double) kept + SLACK);
  }

  @Test
  void anEncodersLayerInBfloat16KeepsItsNormsRounded() {
    Deep<EncoderBatch> deep = (layers, kernels, precision) -> EncoderModel.create(
        BertConfig.of(101, 256, 64, layers, 4).forTask(EncoderTask.MASKED_WORDS, List.of()), kernels, precision, 1);
    int[] targets = new int[(int) ROWS];
    Arrays.fill(targets, Kernels.IGNORED);
    targets[3] = 1;
    EncoderBatch batch = new EncoderBatch(4, 256, new int[(int) ROWS], null, null, targets, null, new long[4]);
    // stored: two norms, q k v, what attention found, what the activation reads; float32: the sums that the norms read
    long narrow = 2 * ELEMENTS * (2 + 3 + 1 + 4) + 4 * (ELEMENTS * 2 + ROWS * (4 + 2 * 2));
    assertThat(ofALayer(deep, Precision.BFLOAT16, batch)).isBetween((double) narrow, (double) narrow + SLACK);
    // products read the norms themselves
    long wide = 4 * (ELEMENTS * (2 + 3 + 1 + 4 + 2) + ROWS * (4 + 2 * 2));
    assertThat(ofALayer(deep, Precision.FLOAT32, batch)).isBetween((double) wide, (double) wide + SLACK);
  }
}
