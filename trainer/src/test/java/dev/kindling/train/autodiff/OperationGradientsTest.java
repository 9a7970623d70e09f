package dev.kindling.train.autodiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.kernel.Activation;
import dev.kindling.train.kernel.Norm;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Products, the loss, and what a tape does with values that several operations use; the other operations are in {@link AttendGradientsTest} and
 * {@link RowGradientsTest}.
 */
class OperationGradientsTest {
  private static final Norm NORM = Norm.layer(1e-5f);
  private final FiniteDifferences by = new FiniteDifferences(PlainKernels.of(1));

  @AfterEach
  void close() throws Exception {
    by.close();
  }

  @Test
  void multiply() {
    Weight w = by.matrix(5, 7, false);
    Weight b = by.vector(7);
    by.check((tape, in) -> List.of(Multiply.of(in[0], w, b, DType.FLOAT32)), new long[]{3, 5});
    by.check((tape, in) -> List.of(Multiply.of(in[0], w, null, DType.FLOAT32)), new long[]{1, 5});
    Weight transposed = by.matrix(5, 7, true);
    by.check((tape, in) -> List.of(Multiply.of(in[0], transposed, b, DType.FLOAT32)), new long[]{3, 5});
  }

  @Test
  void crossEntropy() {
    for (boolean transposed : new boolean[]{true, false}) {
      Weight head = by.matrix(4, 9, transposed);
      by.check((tape, in) -> List.of(new Value(tape, CrossEntropy.of(in[0], head, labels(tape)))), new long[]{3, 4});
    }
  }

  @Test
  void crossEntropyWithABiasAndCappedLogits() {
    Weight head = by.matrix(4, 9, true);
    Weight bias = by.vector(9);
    for (float softcap : new float[]{0, 2}) {
      by.check((tape, in) -> List.of(new Value(tape, CrossEntropy.of(in[0], head, bias, softcap, labels(tape)))),
          new long[]{3, 4});
    }
  }

  @Test
  void aPartThatIsComputedAgainOnTheWayBack() {
    Weight one = by.matrix(5, 5, false);
    Weight two = by.matrix(5, 4, false);
    by.check((tape, in) -> {
      tape.recompute();
      Value part = Recompute.of(in[0],
          x -> Multiply.of(Activate.of(Activation.GELU_TANH, x), one, null, DType.FLOAT32));
      return List.of(Multiply.of(part, two, null, DType.FLOAT32), Multiply.of(in[0], two, null, DType.FLOAT32));
    }, new long[]{3, 5});
  }

  private static Tensor labels(Tape tape) {
    return tape.integers(new int[]{8, -100, 0}, 3);
  }

  @Test
  void aValueThatIsUsedOftenGetsTheSumOfItsGradients() {
    Weight one = by.matrix(5, 4, false);
    Weight two = by.matrix(5, 3, false);
    Weight scale = by.vector(5);
    Weight shift = by.vector(5);
    by.check((tape, in) -> {
      Value gelu = Activate.of(Activation.GELU_TANH, in[0]);
      Value normalized = Normalize.of(NORM, in[0], scale, shift, DType.FLOAT32);
      return List.of(Multiply.of(gelu, one, null, DType.FLOAT32), Multiply.of(gelu, two, null, DType.FLOAT32),
          Multiply.of(normalized, one, null, DType.FLOAT32), Multiply.of(in[0], two, null, DType.FLOAT32));
    }, new long[]{3, 5});
  }

  @Test
  void aResidualMadeAfterItsBranchIsNotOverwrittenTooEarly() {
    Weight one = by.matrix(5, 5, false);
    Weight scale = by.vector(5);
    Weight shift = by.vector(5);
    by.check((tape, in) -> {
      Value branch = Multiply.of(in[0], one, null, DType.FLOAT32);
      Value stream = Multiply.of(in[1], one, null, DType.FLOAT32);
      Value first = Normalize.of(NORM, stream, scale, shift, DType.FLOAT32);
      Normalize.Sum sum = Normalize.ofSum(NORM, branch, stream, scale, shift, DType.FLOAT32);
      return List.of(sum.normalized(), sum.sum(), first);
    }, new long[]{3, 5}, new long[]{3, 5});
  }

  @Test
  void inBfloat16AValueThatIsUsedOftenIsSummedInFloat32() {
    Weight w = by.matrix(16, 16, false, DType.BFLOAT16);
    try (Tape tape = new Tape(by.kernels, Precision.BFLOAT16)) {
      tape.reset(true);
      Value x = FiniteDifferences.leaf(tape, by.random(2 * 16), DType.BFLOAT16, 2, 16);
      Value once = Multiply.of(x, w, null, DType.BFLOAT16);
      Value twice = Multiply.of(x, w, null, DType.BFLOAT16);
      for (Value y : List.of(once, twice))
        tape.flow(y, DType.BFLOAT16,
            dy -> by.kernels.convert(FiniteDifferences.floats(tape, by.random(32), 2, 16), dy));
      tape.backward();
      assertThat(x.dy().type()).isEqualTo(DType.FLOAT32);
      assertThat(x.dy().toFloats()).doesNotContain(0f);
    }
  }

  @Test
  void aSpentValueCannotBeUsedAgainAndAUsedOneNotBeSpent() {
    Weight scale = by.vector(5);
    Weight shift = by.vector(5);
    try (Tape tape = new Tape(by.kernels, Precision.FLOAT32)) {
      tape.reset(true);
      Value branch = FiniteDifferences.leaf(tape, by.random(5), DType.FLOAT32, 1, 5);
      Value stream = FiniteDifferences.leaf(tape, by.random(5), DType.FLOAT32, 1, 5);
      Normalize.ofSum(NORM, branch, stream, scale, shift, DType.FLOAT32);
      assertThatThrownBy(() -> Activate.of(Activation.GELU_TANH, branch)).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> Normalize.ofSum(NORM, stream, branch, scale, shift, DType.FLOAT32))
          .isInstanceOf(IllegalStateException.class);
    }
  }

}
