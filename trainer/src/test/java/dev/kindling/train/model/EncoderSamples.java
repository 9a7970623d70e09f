package dev.kindling.train.model;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** Small encoders and T5s, and micro-batches for them. */
final class EncoderSamples {
  static final BertConfig BERT = BertConfig.of(67, 24, 32, 2, 4);
  static final T5Config T5 = T5Config.of(67, 32, 8, 48, 2, 4).version11();
  static final int TIME = 24;
  static final int LABELS = 3;
  static final int[] UNEQUAL = {24, 1, 13, 2, 19};
  static final List<EncoderTask> TASKS = Arrays.stream(EncoderTask.values())
      .filter(t -> t != EncoderTask.ENCODE).toList();

  private EncoderSamples() {
  }

  /** Each library in each precision. */
  static Stream<Arguments> everywhere() {
    List<Arguments> all = new ArrayList<>();
    for (TestKernels library : TestKernels.values()) {
      for (Precision precision : Precision.values()) all.add(Arguments.of(library, precision));
    }
    return all.stream();
  }

  static BertConfig config(EncoderTask task) {
    return BERT.forTask(task, task.hasLabels() ? List.of("a", "b", "c") : List.of());
  }

  static EncoderModel encoder(EncoderTask task, Kernels kernels, Precision precision) {
    EncoderModel model = EncoderModel.create(config(task), kernels, precision, 1);
    Samples.randomise(model, 3);
    return model;
  }

  static T5Model t5(Kernels kernels, Precision precision) {
    T5Model model = T5Model.create(T5, kernels, precision, 1);
    Samples.randomise(model, 3);
    return model;
  }

  static int[] random(String stream, int count, int below) {
    CounterRandom random = CounterRandom.of(5, stream);
    return IntStream.range(0, count).map(i -> (int) (random.uniform(i) * below)).toArray();
  }

  /** @param lengths of the rows; @param padding what stands behind them */
  static EncoderBatch batch(EncoderTask task, int padding, int... lengths) {
    int positions = lengths.length * TIME;
    int[] inputs = random("tokens", positions, 67);
    for (int i = 0; i < positions; i++) if (i % TIME >= lengths[i / TIME]) inputs[i] = padding;
    int[] targets = switch (task) {
      case MASKED_WORDS -> random("words", positions, 67);
      case CLASSIFY_TOKENS -> random("labels", positions, LABELS);
      case CLASSIFY -> random("labels", lengths.length, LABELS);
      default -> null;
    };
    for (int i = 0; targets != null && targets.length == positions && i < positions; i += 3) targets[i] = -100;
    float[] scores = null;
    if (targets == null) {
      int[] zeroOrOne = random("scores", lengths.length * LABELS, 2);
      scores = new float[zeroOrOne.length];
      for (int i = 0; i < scores.length; i++) scores[i] = zeroOrOne[i];
    }
    return new EncoderBatch(lengths.length, TIME, inputs, random("types", positions, 2), lengths, targets, scores,
        new long[lengths.length]);
  }

  static Seq2SeqBatch pairs(int padding, int... lengths) {
    int[] inputs = random("tokens", lengths.length * TIME, 67);
    for (int i = 0; i < inputs.length; i++) if (i % TIME >= lengths[i / TIME]) inputs[i] = padding;
    int[] targets = random("targets", lengths.length * 7, 67);
    for (int i = 5; i < targets.length; i += 7) targets[i] = targets[i + 1] = -100;
    int[] read = random("read", targets.length, 67);
    return new Seq2SeqBatch(lengths.length, TIME, inputs, lengths, 7, read, targets, new long[lengths.length]);
  }

  /** The rows of a batch by themselves. */
  static EncoderBatch rows(EncoderBatch all, int... which) {
    int each = all.targets() == null ? 0 : all.targets().length / all.rows();
    return new EncoderBatch(which.length, TIME, pick(all.inputs(), TIME, which), pick(all.tokenTypes(), TIME, which),
        pick(all.lengths(), 1, which), all.targets() == null ? null : pick(all.targets(), each, which),
        all.scores() == null ? null : pick(all.scores(), LABELS, which), new long[which.length]);
  }

  static Seq2SeqBatch rows(Seq2SeqBatch all, int... which) {
    return new Seq2SeqBatch(which.length, TIME, pick(all.inputs(), TIME, which), pick(all.lengths(), 1, which), 7,
        pick(all.decoderInputs(), 7, which), pick(all.targets(), 7, which), new long[which.length]);
  }

  private static int[] pick(int[] all, int each, int... rows) {
    return Arrays.stream(rows).flatMap(r -> Arrays.stream(all, r * each, (r + 1) * each)).toArray();
  }

  private static float[] pick(float[] all, int each, int... rows) {
    float[] some = new float[rows.length * each];
    for (int i = 0; i < rows.length; i++) System.arraycopy(all, rows[i] * each, some, i * each, each);
    return some;
  }
}
