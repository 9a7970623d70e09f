package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

/** What a step costs beside its kernels. */
class LeanStepTest {
  private static final Map<Class<?>, Object> FAMILIES = new ConcurrentHashMap<>();
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

  @Test
  void gradientsOfActivationsDoNotGrowWithTheDepth() {
    long rows = 4 * 256;
    long width = 64;
    long[] peaks = new long[2];
    for (int i = 0; i < 2; i++) {
      Gpt2Config config = Gpt2Config.of(101, 256, 64, 2 + i, 4);
      try (Kernels plain = PlainKernels.of(1);
          DecoderModel model = DecoderModel.create(config, idle(plain), Precision.FLOAT32, 1);
          Memory memory = Memory.allocate(model.layout().size() * Float.BYTES)) {
        model.accumulate(Samples.batch(101, 256, 0, 256, 256, 256, 256),
            Tensor.at(memory.address(), DType.FLOAT32, model.layout().size()));
        peaks[i] = model.peakActivationBytes();
      }
    }
    // a layer keeps two norms with their sums, q k v, what attention found, and both inner states of the feed-forward
    long kept = rows * width * (2 * 2 + 3 + 1 + 2 * 4) + rows * (4 + 2 * 2);
    assertThat((double) (peaks[1] - peaks[0])).isBetween(kept * 4.0, kept * 4.0 + 10_000);
  }
}
