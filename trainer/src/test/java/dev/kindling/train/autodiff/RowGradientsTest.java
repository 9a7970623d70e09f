package dev.kindling.train.autodiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.autodiff.Embed.Lookup;
import dev.kindling.train.kernel.Activation;
import dev.kindling.train.kernel.LabelLoss;
import dev.kindling.train.kernel.Norm;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients of the operations between products and attention. */
class RowGradientsTest {
  private static final DType F = DType.FLOAT32;
  private final FiniteDifferences by = new FiniteDifferences(PlainKernels.of(1));

  @AfterEach
  void close() throws Exception {
    by.close();
  }

  static List<Norm> norms() {
    return List.of(Norm.layer(1e-5f), Norm.layer(0.5f), Norm.rms(1e-6f), Norm.rms(0.5f), Norm.rmsAroundOne(1e-5f));
  }

  @ParameterizedTest
  @MethodSource("norms")
  void normalize(Norm norm) {
    Weight scale = by.vector(5);
    Weight shift = by.vector(5);
    by.check((tape, in) -> List.of(Normalize.of(norm, in[0], scale, shift, F)), new long[]{3, 5});
  }

  @ParameterizedTest
  @MethodSource("norms")
  void normalizeWithoutAShift(Norm norm) {
    Weight scale = by.vector(5);
    by.check((tape, in) -> List.of(Normalize.of(norm, in[0], scale, null, F)), new long[]{1, 5});
  }

  @ParameterizedTest
  @MethodSource("norms")
  void normalizeEachHeadOfARow(Norm norm) {
    Weight scale = by.vector(4);
    by.check((tape, in) -> List.of(Normalize.of(norm, in[0], scale, null, F)), new long[]{3, 8});
  }

  @ParameterizedTest
  @MethodSource("norms")
  void normalizeOfASumWhoseSumGoesOn(Norm norm) {
    Weight scale = by.vector(5);
    Weight shift = by.vector(5);
    by.check((tape, in) -> {
      Normalize.Sum sum = Normalize.ofSum(norm, in[0], in[1], scale, shift, F);
      return List.of(sum.sum(), sum.normalized());
    }, new long[]{3, 5}, new long[]{3, 5});
  }

  @ParameterizedTest
  @EnumSource
  void activate(Activation activation) {
    by.check((tape, in) -> List.of(Activate.of(activation, in[0])), new long[]{4, 9});
  }

  @ParameterizedTest
  @EnumSource
  void gate(Activation activation) {
    by.check((tape, in) -> List.of(Gate.of(activation, in[0], in[1])), new long[]{3, 5}, new long[]{3, 5});
    by.check((tape, in) -> List.of(Gate.ofHalves(activation, in[0])), new long[]{3, 10});
  }

  @Test
  void embed() {
    Weight tokens = by.table(6, 5);
    Weight positions = by.table(8, 5);
    by.check(
        (tape, in) -> List.of(Embed.of(tape, new Lookup(tape.integers(new int[]{3, 0, 3, 5, 5, 3}, 6), tokens, 1.7f),
            new Lookup(tape.positions(2, 2, 3), positions))));
  }

  @Test
  void takeRows() {
    by.check((tape, in) -> List.of(TakeRows.of(in[0], tape.integers(new int[]{2, 0, 2}, 3))), new long[]{4, 3});
  }

  @Test
  void pool() {
    by.check((tape, in) -> List.of(Pool.of(in[0], tape.integers(new int[]{1, 4, 4, 4, 5, 6}, 3, 2))), new long[]{7, 3});
  }

  @Test
  void rotate() {
    float[] cos = {1, 1, 0.9f, 0.3f, -0.4f, 0.6f};         // times a factor of their own: not exact cosines
    float[] sin = {0, 0, 0.2f, 0.8f, 0.5f, -0.7f};
    by.check((tape, in) -> {
      Rotate.Tables tables = new Rotate.Tables(FiniteDifferences.floats(tape, cos, 3, 2),
          FiniteDifferences.floats(tape, sin, 3, 2));
      return List.of(Rotate.of(in[0], 1, 6, 2, 5, tape.integers(new int[]{2, 0, 1, 1}, 4), tables));
    }, new long[]{4, 13});
  }

  @Test
  void addScaleAndConvert() {
    by.check((tape, in) -> {
      Value sum = Add.of(Scale.of(in[0], -0.3f), in[1]);
      return List.of(sum, Convert.of(in[1], F));
    }, new long[]{2, 3}, new long[]{2, 3});
  }

  @Test
  void labelledLosses() {
    by.check((tape, in) -> List.of(new Value(tape,
        LabelledLoss.of(LabelLoss.ONE_OF, in[0], tape.integers(new int[]{2, -100, 0}, 3)))), new long[]{3, 4});
    float[] targets = {1, 0, 0.3f, Float.NaN, -0.7f, 2, Float.NaN, Float.NaN};
    for (LabelLoss loss : List.of(LabelLoss.ANY_OF, LabelLoss.SQUARED)) {
      by.check((tape, in) -> List.of(new Value(tape,
          LabelledLoss.of(loss, in[0], FiniteDifferences.floats(tape, targets, 2, 4)))), new long[]{2, 4});
    }
  }

  @Test
  void dropout() {
    by.dropOut(CounterRandom.of(3, "dropout"));
    by.check((tape, in) -> List.of(Dropout.of(in[0], 0.25f), Dropout.of(in[1], 0.5f)), new long[]{4, 9},
        new long[]{3, 5});
  }

  @Test
  void theWayBackOfDropoutDropsWhatTheWayForwardDropped() {
    try (Tape tape = new Tape(by.kernels, Precision.FLOAT32)) {
      tape.reset(true, CounterRandom.of(3, "dropout"));
      float[] ones = new float[3000];
      Arrays.fill(ones, 1);
      Value x = FiniteDifferences.leaf(tape, ones, F, 3, 1000);
      Value y = Dropout.of(x, 0.25f);
      tape.flow(y, FiniteDifferences.floats(tape, ones, 3, 1000));
      tape.backward();
      float[] kept = y.data().toFloats();
      assertThat(x.dy().toFloats()).isEqualTo(kept);
      double sum = 0;
      for (float k : kept) sum += k;
      assertThat(sum / kept.length).isBetween(0.95, 1.05);
    }
  }

  @Test
  void withoutRandomNumbersNothingIsDropped() {
    try (Tape tape = new Tape(by.kernels, Precision.FLOAT32)) {
      tape.reset(true);
      Value x = FiniteDifferences.leaf(tape, by.random(4), F, 1, 4);
      assertThat(Dropout.of(x, 0.25f)).isSameAs(x);
      tape.reset(true, CounterRandom.of(3, "dropout"));
      Value again = FiniteDifferences.leaf(tape, by.random(4), F, 1, 4);
      assertThat(Dropout.of(again, 0)).isSameAs(again);
    }
  }

  /** A step of everything that has weights; frozen ones are left alone and change no other gradient. */
  @Test
  void frozenWeightsGetNoGradientAndTheOthersTheSame() {
    Weight table = by.table(6, 4);
    Weight scale = by.vector(4);
    Weight shift = by.vector(4);
    Weight matrix = by.matrix(4, 4, false);
    Weight bias = by.vector(4);
    Weight head = by.matrix(4, 6, true);
    Weight headBias = by.vector(6);
    List<Weight> all = List.of(table, scale, shift, matrix, bias, head, headBias);
    float[][] expected = new float[all.size()][];
    step(table, scale, shift, matrix, bias, head, headBias);
    for (int i = 0; i < expected.length; i++) expected[i] = taken(all.get(i).gradient());
    for (int frozen = 0; frozen < expected.length; frozen++) {
      Tensor gradient = all.get(frozen).gradient();
      all.get(frozen).bindGradient(null);
      step(table, scale, shift, matrix, bias, head, headBias);
      all.get(frozen).bindGradient(gradient);
      for (int i = 0; i < expected.length; i++) {
        assertThat(taken(all.get(i).gradient())).isEqualTo(i == frozen ? new float[expected[i].length] : expected[i]);
      }
    }
  }

  private static float[] taken(Tensor gradient) {
    float[] values = gradient.toFloats();
    gradient.put(0, new float[values.length], 0, values.length);
    return values;
  }

  private void step(Weight table, Weight scale, Weight shift, Weight matrix, Weight bias, Weight head,
      Weight headBias) {
    try (Tape tape = new Tape(by.kernels, Precision.FLOAT32)) {
      tape.reset(true);
      Value x = Embed.of(tape, new Lookup(tape.integers(new int[]{1, 5, 1}, 3), table));
      Value h = Normalize.of(Norm.layer(1e-5f), x, scale, shift, F);
      Value y = Multiply.of(h, matrix, bias, F);
      CrossEntropy.of(Normalize.ofSum(Norm.layer(1e-5f), y, x, scale, shift, F).normalized(), head, headBias, 0,
          tape.integers(new int[]{1, 2, 3}, 3));
      tape.backward();
    }
  }
}
