package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.Twins.ONE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.kernel.OneDnnProducts.Place;
import dev.kindling.train.kernel.Scratch.Slot;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The copies that a processor with AMX reads are planned as they are made, on any processor; those that one without bf16 multiplies,
 * on such a one.
 */
class SizingKernelsTest {
  private static final DType B = DType.BFLOAT16;
  private final Machine machine = new Machine(ONE, 4);
  private final OneDnnWorker[] workers = {new OneDnnWorker(new ScalarRowKernels(), 64, true)};
  private final Scratch scratch = new Scratch();
  private final OneDnnProducts products = new OneDnnProducts(ONE.pool(), workers, scratch);

  @AfterEach
  void close() {
    workers[0].close();
    scratch.close();
    machine.close();
  }

  /** @param plan what has run, on kernels that only plan */
  private void assertPlanned(Consumer<Kernels> plan) {
    assertThat(planned(plan, true) - planned(plan, false)).isEqualTo(workers[0].scratchBytes(Slot.WHOLE_TILES))
        .isPositive();
    SizingKernels sizing = SizingKernels.of(1, true);
    plan.accept(sizing.kernels());
    for (Slot slot : new Slot[]{Slot.WIDENED_LEFT, Slot.WIDENED_RIGHT}) {
      assertThat(sizing.scratchBytes(slot)).as("%s", slot).isEqualTo(workers[0].scratchBytes(slot));
    }
    // of many keys each query here sees all, and not as few as have their sum at once
    assertThat(sizing.scratchBytes(Slot.WIDENED_RESULT))
        .isGreaterThanOrEqualTo(workers[0].scratchBytes(Slot.WIDENED_RESULT));
  }

  private static long planned(Consumer<Kernels> plan, boolean tiles) {
    SizingKernels sizing = SizingKernels.of(1, tiles);
    plan.accept(sizing.kernels());
    return sizing.scratchBytes();
  }

  @ParameterizedTest
  @CsvSource({"200, 80", "3, 1000"})
  void ofAProduct(int rows, int inner) {
    Tensor a = machine.empty(DType.FLOAT32, rows, inner), b = machine.empty(DType.FLOAT32, inner, 24);
    Tensor c = machine.empty(DType.FLOAT32, rows, 24);
    products.matmul(a, false, b, false, c, 1, 0, true);
    assertPlanned(kernels -> kernels.matmul(a, false, b, false, c, 1, 0, true));
  }

  @ParameterizedTest
  @CsvSource({"80, 64", "64, 259", "8, 16424"})
  void ofALayerAndOfWhatItSendsBack(int in, int out) {
    Tensor x = machine.empty(B, 5, in), dy = machine.empty(B, 5, out);
    Tensor y = machine.empty(DType.FLOAT32, 5, out), dx = machine.empty(DType.FLOAT32, 5, in);
    try (OneDnnWeight w = new OneDnnWeight(in, out, false, B)) {
      products.pack(machine.empty(DType.FLOAT32, in, out), w);
      products.forward(Place.of(x), 5, w, 0, Place.of(y));
      products.backward(Place.of(dy), 5, w, Place.of(dx));
    }
    assertPlanned(kernels -> {
      PackedWeight w = kernels.weight(in, out, false, B);
      kernels.linear(x, w, null, y);
      kernels.linearInputGradient(dy, w, dx);
    });
  }

  /** Columns of x fall on one set of the cache, so that it is transposed on any processor. */
  @ParameterizedTest
  @ValueSource(ints = {40, 5000})
  void ofAWeightsGradient(int rows) {
    Tensor x = machine.empty(B, rows, 2048), dy = machine.empty(B, rows, 16);
    Tensor dW = machine.empty(DType.FLOAT32, 2048, 16);
    products.addGradient(Place.of(x), 2048, Place.of(dy), 16, rows, Place.of(dW), false);
    assertPlanned(kernels -> kernels.linearWeightGradient(x, dy, new GradientSum(dW, false)));
  }

  @ParameterizedTest
  @CsvSource({"1000, 64", "70, 80"})
  void ofAttention(int time, int headDim) {
    AttentionCase shape = AttentionCase.of(B, 1, 1, headDim, time, AttentionCase.Mask.all(time));
    AttentionInputs inputs = shape.inputs(machine);
    Tensor y = machine.empty(B, 1, time, headDim), sums = machine.empty(DType.FLOAT32, 1, 1, time);
    AttentionCase.Three to = shape.three(machine, false);
    AttentionGradients gradients = new AttentionGradients(to.q(), to.k(), to.v(), null);
    OneDnnAttention attention = new OneDnnAttention(ONE.pool(), workers, scratch);
    attention.forward(inputs, Heads.joined(y, 1), sums);
    attention.backward(inputs, Heads.joined(y, 1), sums, Heads.joined(y, 1), gradients);
    assertPlanned(kernels -> {
      kernels.attention(inputs, Heads.joined(y, 1), sums);
      kernels.attentionGradient(inputs, Heads.joined(y, 1), sums, Heads.joined(y, 1), gradients);
    });
  }

  @Test
  void ofTheLoss() {
    Tensor x = machine.random(B, 40, 80), dx = machine.empty(B, 40, 80), losses = machine.empty(DType.FLOAT32, 40);
    Tensor targets = machine.ids(97, 40);
    RowOperations operations = new RowOperations(new RowWork(ONE.pool(), new Rows[]{workers[0].rows()}));
    try (OneDnnWeight head = new OneDnnWeight(80, 97, true, B)) {
      products.pack(machine.random(DType.FLOAT32, 97, 80), head);
      new OneDnnCrossEntropy(ONE.pool(), workers, products, operations, scratch)
          .run(x, Logits.of(head), targets, losses, dx, null, null);
    }
    assertPlanned(kernels -> kernels.crossEntropy(x, Logits.of(kernels.weight(80, 97, true, B)), targets, losses, dx,
        null, null));
  }
}
