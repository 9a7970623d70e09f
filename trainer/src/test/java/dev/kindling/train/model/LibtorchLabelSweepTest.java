package dev.kindling.train.model;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.Precision;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;

/** {@link LibtorchSweepTest} for BERT with labels of texts and of tokens, 1 to 7 of them, of which some do not count. */
@Tag("libtorch")
class LibtorchLabelSweepTest {
  @Example
  void everyTaskWithTextsOfOneToken() {
    for (TestKernels library : TestKernels.values()) {
      for (int vocabulary : new int[]{63, 66, 69}) {                   // 1, 4 and 7 labels
        everyTask(new SweepShape(1, 2, 1, 1, 8, 23, vocabulary, true, 0, List.of(1, 0, 1)), library);
      }
    }
  }

  private void everyTask(SweepShape shape, TestKernels library) {
    oneOf(shape, library);
    anyOf(shape, library);
    numbers(shape, library);
    ofTokens(shape, library);
  }

  @Property(tries = SweepShape.TRIES, seed = SweepShape.SEED, shrinking = ShrinkingMode.OFF)
  void oneOf(@ForAll(supplier = SweepShape.Any.class) SweepShape shape, @ForAll TestKernels library) {
    int[] targets = ignoring(shape, EncoderSamples.random("labels", shape.rows(), labels(shape)));
    judge(EncoderTask.CLASSIFY, shape, targets, null, library);
  }

  @Property(tries = SweepShape.TRIES, seed = SweepShape.SEED, shrinking = ShrinkingMode.OFF)
  void anyOf(@ForAll(supplier = SweepShape.Any.class) SweepShape shape, @ForAll TestKernels library) {
    float[] scores = new float[shape.rows() * labels(shape)];
    int[] zeroOrOne = EncoderSamples.random("scores", scores.length, 2);
    for (int i = 0; i < scores.length; i++) scores[i] = isIgnored(shape, i) ? Float.NaN : zeroOrOne[i];
    judge(EncoderTask.CLASSIFY_MANY, shape, null, scores, library);
  }

  @Property(tries = SweepShape.TRIES, seed = SweepShape.SEED, shrinking = ShrinkingMode.OFF)
  void numbers(@ForAll(supplier = SweepShape.Any.class) SweepShape shape, @ForAll TestKernels library) {
    CounterRandom random = CounterRandom.of(5, "numbers");
    float[] scores = new float[shape.rows() * labels(shape)];
    double[] pair = new double[2];
    for (int i = 0; i < scores.length; i++) {
      random.normals(i, pair);
      scores[i] = isIgnored(shape, i) ? Float.NaN : (float) (3 * pair[0]);
    }
    judge(EncoderTask.REGRESS, shape, null, scores, library);
  }

  @Property(tries = SweepShape.TRIES, seed = SweepShape.SEED, shrinking = ShrinkingMode.OFF)
  void ofTokens(@ForAll(supplier = SweepShape.Any.class) SweepShape shape, @ForAll TestKernels library) {
    int[] targets = ignoring(shape, EncoderSamples.random("labels", shape.rows() * shape.time(), labels(shape)));
    judge(EncoderTask.CLASSIFY_TOKENS, shape, targets, null, library);
  }

  private static int labels(SweepShape shape) {
    return 1 + shape.vocabulary() % 7;
  }

  /** The first one of all counts, so that one does where there is but one. */
  private static boolean isIgnored(SweepShape shape, int i) {
    return shape.ignored() > 0 && i % shape.ignored() == 1;
  }

  private static int[] ignoring(SweepShape shape, int[] targets) {
    for (int i = 0; i < targets.length; i++) if (isIgnored(shape, i)) targets[i] = Kernels.IGNORED;
    return targets;
  }

  private static void judge(EncoderTask task, SweepShape shape, int[] targets, float[] scores, TestKernels library) {
    List<String> names = IntStream.range(0, labels(shape)).mapToObj(n -> "label " + n).toList();
    BertConfig config = BertConfig.of(shape.vocabulary(), shape.time(), shape.width(), shape.layers(), shape.heads())
        .forTask(task, names);
    Batch words = shape.batch();
    int[] types = EncoderSamples.random("types", words.inputs().length, 2);
    EncoderBatch batch = new EncoderBatch(shape.rows(), shape.time(), words.inputs(), types, shape.rowLengths(),
        targets, scores, words.sampleIds());
    try (Kernels kernels = library.open(2);
        EncoderModel model = EncoderModel.create(config, kernels, Precision.FLOAT32, 1)) {
      Samples.randomise(model, 7);
      TorchBert.run(config, model.weightSource(), batch).check(model, batch);
    }
  }
}
