package dev.kindling.train.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.autodiff.HeadsOf;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.kernel.AttentionForm;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What positions see of their sequence, whole or behind a cache, and of an encoder's. */
class ContextTest {
  private final Kernels kernels = KernelLibraries.best(2);

  @AfterEach
  void close() {
    kernels.close();
  }

  /** Queries and keys are zero and value s is the unit vector of s: what a query finds says which keys it saw. */
  private static List<String> seen(Tape tape, Context context, int batch, int time, Scoring scoring) {
    float[] units = new float[batch * time * time];
    for (int i = 0; i < batch * time; i++) units[i * time + i % time] = 1;
    HeadsOf zeros = heads(tape, new float[units.length], batch * time, 1);
    float[] found = context.attend(0, zeros, zeros, heads(tape, units, batch * time, 1), scoring).data().toFloats();
    List<String> rows = new ArrayList<>();
    for (int r = 0; r < batch * time; r++) {
      StringBuilder row = new StringBuilder();
      for (int s = 0; s < time; s++) row.append(found[r * time + s] == 0 ? '.' : 'x');
      rows.add(row.toString());
    }
    return rows;
  }

  private static HeadsOf heads(Tape tape, float[] values, long rows, int count) {
    Tensor wide = tape.take(DType.FLOAT32, rows, values.length / rows);
    wide.put(0, values, 0, values.length);
    Tensor stored = tape.take(tape.stored(), rows, values.length / rows);
    tape.kernels().convert(wide, stored);
    return HeadsOf.joined(tape.constant(stored), count);
  }

  private static final Scoring PLAIN = Scoring.scaled(4);

  @Test
  void causalRowsSeeWhatCameBeforeAndPaddingSeesNothing() {
    try (Tape tape = new Tape(kernels, Precision.FLOAT32)) {
      tape.reset(false);
      Context context = WholeSequences.causal(tape, 2, 4, new int[]{4, 2});
      assertThat(seen(tape, context, 2, 4, PLAIN)).containsExactly("x...", "xx..", "xxx.", "xxxx", "x...", "xx..",
          "....", "....");
      assertThat(seen(tape, context, 2, 4, PLAIN.within(2))).containsExactly("x...", "xx..", ".xx.", "..xx", "x...",
          "xx..", "....", "....");
      assertThat(integers(context.positions())).containsExactly(0, 1, 2, 3, 0, 1, 2, 3);
    }
  }

  @Test
  void bidirectionalRowsSeeAllThatIsNoPadding() {
    try (Tape tape = new Tape(kernels, Precision.FLOAT32)) {
      tape.reset(false);
      Context context = WholeSequences.bidirectional(tape, 2, 3, new int[]{3, 2});
      assertThat(seen(tape, context, 2, 3, PLAIN)).containsExactly("xxx", "xxx", "xxx", "xx.", "xx.", "...");
      assertThatThrownBy(() -> seen(tape, context, 2, 3, PLAIN.within(2))).hasMessageContaining("window");
    }
  }

  @Test
  void documentsInARowDoNotSeeEachOther() {
    int[] documents = {0, 0, 2, 2, 2, 5};
    try (Tape tape = new Tape(kernels, Precision.FLOAT32)) {
      tape.reset(false);
      Context causal = WholeSequences.causal(tape, 1, 6, null, documents);
      assertThat(seen(tape, causal, 1, 6, PLAIN)).containsExactly("x.....", "xx....", "..x...", "..xx..", "..xxx.",
          ".....x");
      assertThat(seen(tape, causal, 1, 6, PLAIN.within(2))).containsExactly("x.....", "xx....", "..x...", "..xx..",
          "...xx.", ".....x");
      assertThat(integers(causal.positions())).containsExactly(0, 1, 0, 1, 2, 0);
      Context both = WholeSequences.bidirectional(tape, 1, 6, new int[]{5}, documents);
      assertThat(seen(tape, both, 1, 6, PLAIN)).containsExactly("xx....", "xx....", "..xxx.", "..xxx.", "..xxx.",
          "......");
    }
  }

  private static int[] integers(Tensor tensor) {
    int[] all = new int[(int) tensor.size()];
    tensor.buffer(0, all.length).asIntBuffer().get(all);
    return all;
  }

  record Decoding(Precision precision, int heads, int keyHeads, int window, float softcap, boolean alibi,
      int... pieces) {}

  static Stream<Decoding> decodings() {
    List<Decoding> cases = new ArrayList<>();
    for (Precision precision : Precision.values()) {
      cases.add(new Decoding(precision, 2, 2, 0, 0, false, 1, 1, 1, 1, 1, 1, 1, 1));
      cases.add(new Decoding(precision, 4, 2, 4, 0, false, 7, 1, 1, 1, 6, 1, 1));
      cases.add(new Decoding(precision, 4, 1, 0, 2, true, 3, 70, 1, 1, 1));
      cases.add(new Decoding(precision, 6, 3, 20, 1.5f, true, 1, 130, 1, 1, 40, 1));
    }
    return cases.stream();
  }

  /** REPORTS B09 among them: a window of 4 by cache and by full recompute. */
  @ParameterizedTest
  @MethodSource("decodings")
  void tokensBehindACacheFindWhatTheWholeSequenceFinds(Decoding c) {
    int size = 8;
    int time = 0;
    for (int piece : c.pieces) time += piece;
    float[] q = random("q", time * c.heads * size);
    float[] k = random("k", time * c.keyHeads * size);
    float[] v = random("v", time * c.keyHeads * size);
    AttentionForm form = new AttentionForm(0.4f, c.softcap);
    float[] whole;
    float[] cached = new float[q.length];
    try (Tape tape = new Tape(kernels, c.precision);
        KeyValueCache cache = new KeyValueCache(3, time, (long) c.keyHeads * size, c.precision.stored())) {
      tape.reset(false);
      whole = attend(tape, WholeSequences.causal(tape, 1, time, null), c, form, q, k, v);
      for (int piece : c.pieces) {
        tape.reset(false);
        int from = (int) cache.length();
        Context next = cache.next(tape, piece);
        float[] found = attend(tape, next, c, form, part(q, from, piece, c.heads * size),
            part(k, from, piece, c.keyHeads * size), part(v, from, piece, c.keyHeads * size));
        System.arraycopy(found, 0, cached, from * c.heads * size, found.length);
        assertThat(integers(next.positions())[piece - 1]).isEqualTo(from + piece - 1);
        cache.advance(piece);
      }
      assertThatThrownBy(() -> cache.next(tape, 1)).hasMessageContaining("no room");
    }
    assertThat(cached).containsExactly(whole, Offset.offset(c.precision == Precision.FLOAT32 ? 3e-6f : 0.02f));
  }

  private static float[] attend(Tape tape, Context context, Decoding c, AttentionForm form, float[] q, float[] k,
      float[] v) {
    int rows = context.queryTime();
    Value bias = c.alibi ? Alibi.bias(tape, context, c.heads) : null;
    return floats(context.attend(1, heads(tape, q, rows, c.heads), heads(tape, k, rows, c.keyHeads),
        heads(tape, v, rows, c.keyHeads), new Scoring(form, c.window, bias)));
  }

  private static float[] floats(Value value) {
    Tensor wide = value.tape().take(DType.FLOAT32, value.data().shape());
    value.tape().kernels().convert(value.data(), wide);
    return wide.toFloats();
  }

  private static float[] part(float[] all, int from, int rows, int width) {
    float[] part = new float[rows * width];
    System.arraycopy(all, from * width, part, 0, part.length);
    return part;
  }

  private static float[] random(String stream, int count) {
    CounterRandom random = CounterRandom.of(1, stream);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) values[i] = (float) (4 * random.uniform(i) - 2);
    return values;
  }

  @Test
  void aCacheOfTheEncodersKeysGivesWhatTheyGive() {
    float[] hidden = random("hidden", 5 * 8);
    float[] q = random("q", 3 * 8);
    AttentionForm form = AttentionForm.scaled(4);
    for (Precision precision : Precision.values()) {
      try (Tape tape = new Tape(kernels, precision);
          EncoderCache cache = new EncoderCache(2, 5, 8, precision.stored())) {
        tape.reset(false);
        Value encoded = heads(tape, hidden, 5, 2).value();
        EncoderOutput sequences = EncodedSequences.of(encoded, 1, null, 3, null);
        float[] expected = floats(
            sequences.attend(1, heads(tape, q, 3, 2), ContextTest::keysAndValues, form));
        cache.put(1, keysAndValues(encoded));
        tape.reset(false);
        float[] all = floats(cache.attend(1, heads(tape, q, 3, 2), null, form));
        float[] last = floats(cache.attend(1, heads(tape, part(q, 2, 1, 8), 1, 2), null, form));
        float tolerance = precision == Precision.FLOAT32 ? 1e-6f : 0.02f;
        assertThat(all).containsExactly(expected, Offset.offset(tolerance));
        assertThat(last).containsExactly(part(expected, 2, 1, 8), Offset.offset(tolerance));
      }
    }
  }

  /** Stands for two products. */
  private static EncoderOutput.KeysAndValues keysAndValues(Value hidden) {
    return new EncoderOutput.KeysAndValues(HeadsOf.joined(hidden, 2), HeadsOf.joined(hidden, 2));
  }

  @Test
  void anEncodersPaddingIsNotSeenAndTheDecodersSeesNothing() {
    try (Tape tape = new Tape(kernels, Precision.FLOAT32)) {
      tape.reset(false);
      float[] hidden = random("hidden", 2 * 5 * 8);
      for (int i = (5 + 3) * 8; i < hidden.length; i++) hidden[i] = Float.NaN;
      EncoderOutput output = EncodedSequences.of(heads(tape, hidden, 10, 2).value(), 2, new int[]{5, 3}, 3,
          new int[]{3, 2});
      float[] found = floats(output.attend(0, heads(tape, random("q", 6 * 8), 6, 2), ContextTest::keysAndValues,
          AttentionForm.scaled(4)));
      for (int i = 0; i < found.length; i++) {
        if (i < 5 * 8) assertThat(found[i]).isFinite().isNotZero();
        else assertThat(found[i]).isZero();
      }
    }
  }
}
