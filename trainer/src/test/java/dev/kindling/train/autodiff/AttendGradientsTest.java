package dev.kindling.train.autodiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.kernel.AttentionForm;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Attention and its biases against finite differences, and what they ask of the tape. */
class AttendGradientsTest {
  private final FiniteDifferences by = new FiniteDifferences(PlainKernels.of(1));

  @AfterEach
  void close() throws Exception {
    by.close();
  }

  @Test
  void attend() {
    by.check((tape, in) -> {
      HeadsOf[] heads = sideBySide(in[0], 2, 2, 3);
      return List.of(attend(heads, ranges(tape, 2, 5, t -> 0, t -> t + 1), null));
    }, new long[]{2 * 5, 3 * 2 * 3});
    by.check((tape, in) -> {
      HeadsOf[] heads = sideBySide(in[0], 4, 2, 2);             // two queries a key, a row that sees nothing
      return List.of(attend(heads, ranges(tape, 1, 4, t -> Math.max(0, t - 1), t -> t == 2 ? 0 : t + 1), null));
    }, new long[]{4, (4 + 2 + 2) * 2});
  }

  @Test
  void attendAcrossWithABiasThatOthersUseToo() {
    by.check((tape, in) -> {
      HeadsOf keys = HeadsOf.joined(in[1], 2);
      HeadsOf values = HeadsOf.joined(in[2], 2);
      Tensor ranges = ranges(tape, 2, 3, t -> 0, t -> 4);
      HeadsOf[] heads = {HeadsOf.joined(in[0], 2), keys, values};
      return List.of(attend(heads, ranges, in[3]), attend(heads, ranges, in[3]), in[3]);
    }, new long[]{2 * 3, 4}, new long[]{2 * 4, 4}, new long[]{2 * 4, 4}, new long[]{2, 6});
  }

  @Test
  void attendWithKeysAndValuesInOneMatrix() {
    by.check((tape, in) -> {
      HeadsOf[] heads = {HeadsOf.joined(in[0], 2), new HeadsOf(in[1], 0, 2, 2, 2), new HeadsOf(in[1], 4, 2, 2, 2)};
      return List.of(attend(heads, ranges(tape, 1, 3, t -> 0, t -> 5), null));
    }, new long[]{3, 4}, new long[]{5, 8});
  }

  @Test
  void columnsOfNoHeadAndGradientsOfConstantsAreNotComputed() {
    try (Tape tape = new Tape(by.kernels, Precision.FLOAT32)) {
      tape.reset(true);
      Value x = FiniteDifferences.leaf(tape, by.random(3 * 8), DType.FLOAT32, 3, 8);
      HeadsOf[] heads = {new HeadsOf(x, 0, 2, 1, 2), new HeadsOf(x, 2, 2, 1, 2), new HeadsOf(x, 4, 2, 1, 2)};
      Tensor ranges = ranges(tape, 1, 3, t -> 0, t -> 3);
      assertThatThrownBy(() -> attend(heads, ranges, null)).hasMessageContaining("has columns besides the heads");
      Value bias = tape.constant(FiniteDifferences.floats(tape, by.random(5), 1, 5));
      Value keys = tape.constant(FiniteDifferences.floats(tape, by.random(6), 3, 2));
      Value q = FiniteDifferences.leaf(tape, by.random(6), DType.FLOAT32, 3, 2);
      Value y = attend(new HeadsOf[]{HeadsOf.joined(q, 1), HeadsOf.joined(keys, 1), HeadsOf.joined(keys, 1)}, ranges,
          bias);
      tape.flow(y, FiniteDifferences.floats(tape, by.random(6), 3, 2));
      tape.backward();
      assertThat(q.dy()).isNotNull();
      assertThat(keys.dy()).isNull();
      assertThat(bias.dy()).isNull();
    }
  }

  @Test
  void relativeBias() {
    Weight table = by.table(4, 3);
    by.check((tape, in) -> List.of(RelativeBias.of(tape, table, new int[]{3, 0, 0, 1, 3, 3, 2})));
  }

  @Test
  void whatAttentionGaveIsReadOnTheWayBackAndCannotBeOverwritten() {
    try (Tape tape = new Tape(by.kernels, Precision.FLOAT32)) {
      for (boolean recording : new boolean[]{true, false}) {
        tape.reset(recording);
        Value qkv = FiniteDifferences.leaf(tape, by.random(2 * 9), DType.FLOAT32, 2, 9);
        Value y = attend(sideBySide(qkv, 1, 1, 3), ranges(tape, 1, 2, t -> 0, t -> 2), null);
        if (recording) assertThatThrownBy(() -> Scale.of(y, 2)).isInstanceOf(IllegalStateException.class);
        else assertThat(Scale.of(y, 2).data()).isSameAs(y.data());
      }
    }
  }

  private static HeadsOf[] sideBySide(Value x, int heads, int keyHeads, int headDim) {
    int keys = heads * headDim;
    return new HeadsOf[]{new HeadsOf(x, 0, headDim, heads, headDim), new HeadsOf(x, keys, headDim, keyHeads, headDim),
        new HeadsOf(x, keys + keyHeads * headDim, headDim, keyHeads, headDim)};
  }

  private static Value attend(HeadsOf[] heads, Tensor ranges, Value bias) {
    return Attend.of(heads[0], heads[1], heads[2], new AttentionForm(0.7f, 1.5f), ranges, bias);
  }

  private static Tensor ranges(Tape tape, int batch, int time, IntUnaryOperator from, IntUnaryOperator to) {
    int[] pairs = new int[2 * batch * time];
    for (int i = 0; i < batch * time; i++) {
      pairs[2 * i] = from.applyAsInt(i % time);
      pairs[2 * i + 1] = to.applyAsInt(i % time);
    }
    return tape.integers(pairs, batch, time, 2);
  }
}
