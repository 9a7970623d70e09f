package dev.kindling.train.autodiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.kernel.Activation;
import dev.kindling.train.kernel.Norm;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Precision;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Values whose memory others get before the way back. */
class ForgottenValueTest {
  private static final DType F = DType.FLOAT32;
  private final FiniteDifferences by = new FiniteDifferences(PlainKernels.of(1));
  private final Tape tape = new Tape(by.kernels, Precision.FLOAT32);

  @BeforeEach
  void record() {
    tape.reset(true);
  }

  @AfterEach
  void close() throws Exception {
    tape.close();
    by.close();
  }

  private Value leaf(long rows, long columns) {
    return FiniteDifferences.leaf(tape, by.random((int) (rows * columns)), F, rows, columns);
  }

  static Stream<UnaryOperator<Value>> middles() {
    return Stream.of(x -> Activate.of(Activation.GELU_ERF, x), x -> Activate.of(Activation.RELU, x),
        x -> Gate.of(Activation.SILU, x, x), x -> Gate.ofHalves(Activation.GELU_TANH, x));
  }

  @ParameterizedTest
  @MethodSource("middles")
  void gradientsAreTheSameBitsAsIfNothingHadBeenForgotten(UnaryOperator<Value> middle) {
    long[] shape = {3, 6};
    long inner = middle.apply(leaf(3, 6)).shape()[1];
    Weight one = by.matrix(inner, 5, false);
    Weight two = by.matrix(inner, 4, true);
    float[][] inputs = by.inputs(shape);
    float[][] kept = by.run((t, in) -> products(middle.apply(in[0]), one, two), inputs, shape).inputGradients();
    float[] ofOne = one.gradient().toFloats();
    float[] ofTwo = two.gradient().toFloats();
    float[][] forgotten = by.run((t, in) -> {
      Value y = middle.apply(in[0]);
      List<Value> all = products(y, one, two);
      y.forget();
      Value other = t.value(F, y.shape());
      other.data().put(0, by.random((int) (3 * inner)), 0, (int) (3 * inner));
      return all;
    }, inputs, shape).inputGradients();
    assertThat(forgotten[0]).containsExactly(kept[0]);
    assertThat(one.gradient().toFloats()).containsExactly(ofOne);
    assertThat(two.gradient().toFloats()).containsExactly(ofTwo);
  }

  /** Then what is made again and what it hands back are made together. */
  @ParameterizedTest
  @MethodSource("middles")
  void gradientsAreTheSameBitsWithASingleReader(UnaryOperator<Value> middle) {
    long[] shape = {3, 6};
    Weight weight = by.matrix(middle.apply(leaf(3, 6)).shape()[1], 5, false);
    float[][] inputs = by.inputs(shape);
    float[][] kept = by.run((t, in) -> List.of(Multiply.of(middle.apply(in[0]), weight, null, F)), inputs, shape)
        .inputGradients();
    float[] ofWeight = weight.gradient().toFloats();
    float[][] forgotten = by.run((t, in) -> {
      Value y = middle.apply(in[0]);
      List<Value> all = List.of(Multiply.of(y, weight, null, F));
      y.forget();
      return all;
    }, inputs, shape).inputGradients();
    assertThat(forgotten[0]).containsExactly(kept[0]);
    assertThat(weight.gradient().toFloats()).containsExactly(ofWeight);
  }

  private static List<Value> products(Value y, Weight one, Weight two) {
    return List.of(Multiply.of(y, one, null, F), Multiply.of(y, two, null, F));
  }

  @Test
  void itsMemoryIsTheNextValuesOfThatSize() {
    Value x = leaf(3, 5);
    Value y = Activate.of(Activation.TANH, x);
    long address = y.data().address();
    y.forget();
    assertThat(tape.value(F, 5, 3).data().address()).isEqualTo(address);
    assertThatThrownBy(y::data).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void whatTheWayBackReadsAndCannotMakeAgainStays() {
    Weight w = by.matrix(5, 5, false);
    Weight scale = by.vector(5);
    Value x = leaf(3, 5);
    Value product = Multiply.of(x, w, null, F);
    Value stream = leaf(3, 5);
    Value sum = Normalize.ofSum(Norm.layer(1e-5f), product, stream, scale, null, F).sum();
    for (Value each : List.of(x, product, sum)) each.forget();
    assertThat(x.data().toFloats()).hasSize(15);
    assertThat(sum.data().toFloats()).hasSize(15);
    stream.forget();                             // it was only added
    assertThatThrownBy(stream::data).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aFrozenWeightNeedsNoInputOnTheWayBack() {
    Weight w = by.matrix(5, 5, false);
    w.bindGradient(null);
    Value x = leaf(3, 5);
    Value y = Multiply.of(x, w, null, F);
    x.forget();
    tape.flow(y, F, dy -> dy.put(0, by.random(15), 0, 15));
    tape.backward();
    assertThat(x.dy().toFloats()).doesNotContain(0f);
  }

  @Test
  void withoutAWayBackEverythingCanBeForgotten() {
    tape.reset(false);
    Value x = leaf(3, 5);
    Activate.of(Activation.RELU, x);
    x.forget();
    assertThatThrownBy(x::data).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aConstantsMemoryIsItsOwners() {
    Value constant = tape.constant(leaf(3, 5).data());
    constant.forget();
    assertThat(constant.data().toFloats()).hasSize(15);
  }
}
