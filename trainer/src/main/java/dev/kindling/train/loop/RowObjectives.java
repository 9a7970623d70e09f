package dev.kindling.train.loop;

import dev.kindling.data.label.LabelKind;
import dev.kindling.data.shard.DatasetLabels;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.Seq2SeqBatch;
import dev.kindling.train.objective.LabelledTexts;
import dev.kindling.train.objective.MaskedWords;
import dev.kindling.train.objective.NextToken;
import dev.kindling.train.objective.SequenceToSequence;
import dev.kindling.train.objective.SpanCorruption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The objectives of pre-training over the rows of a packed dataset; what only fills a row up never counts. */
public final class RowObjectives {
  private RowObjectives() {
  }

  /** Each token from those before it. */
  public static Batch nextTokens(PackedDataset dataset, long[] rows, long step) {
    List<int[]> tokens = new ArrayList<>();
    for (long row : rows) tokens.add(dataset.tokens(row));
    Batch batch = NextToken.batch(tokens, rows);
    for (int i = 0; i < rows.length; i++) {
      boolean[] learned = dataset.learned(rows[i]);
      for (int t = 0; t < batch.time(); t++)
        if (!learned[t + 1]) batch.targets()[i * batch.time() + t] = Kernels.IGNORED;
    }
    return batch;
  }

  /** Each token from those before it in its document: one begins with each end of text. */
  public static RowObjective<Batch> documentsApart(int endOfText) {
    return (dataset, rows, step) -> nextTokens(dataset, rows, step).apart(endOfText);
  }

  /** What examples say, each token from those before it in its example: examples do not see each other, nor what fills a row up. */
  public static RowObjective<Batch> examplesApart() {
    return (dataset, rows, step) -> {
      Batch batch = nextTokens(dataset, rows, step);
      int[] starts = new int[batch.inputs().length];
      for (int r = 0; r < rows.length; r++) {
        int from = r * batch.time();
        for (int t = 0; t < batch.time(); t++) starts[from + t] = t > dataset.targets(rows[r]) ? t : 0;
        for (int start : dataset.starts(rows[r])) {
          if (start < batch.time())
            Arrays.fill(starts, from + start, from + Math.min(batch.time(), dataset.targets(rows[r]) + 1), start);
        }
      }
      return new Batch(batch.rows(), batch.time(), batch.inputs(), batch.targets(), batch.lengths(), starts,
          batch.sampleIds());
    };
  }

  /** Hidden tokens from all the others. */
  public static RowObjective<EncoderBatch> maskedWords(MaskedWords words, long seed) {
    return (dataset, rows, step) -> words.batch(texts(dataset, rows), rows, seed, step);
  }

  /** Spans that were cut out, from what is left. */
  public static RowObjective<Seq2SeqBatch> spans(SpanCorruption spans, long seed) {
    return (dataset, rows, step) -> spans.batch(texts(dataset, rows), rows, seed, step);
  }

  /** What is to be written, when the text before it has been read; each as long as it is. */
  public static RowObjective<Seq2SeqBatch> pairs(SequenceToSequence pairs) {
    return (dataset, rows, step) -> {
      List<int[]> inputs = new ArrayList<>();
      List<int[]> targets = new ArrayList<>();
      for (long row : rows) {
        int[] tokens = dataset.tokens(row);
        int second = second(dataset.starts(row));
        inputs.add(Arrays.copyOf(tokens, second));
        targets.add(Arrays.copyOfRange(tokens, second, dataset.targets(row) + 1));
      }
      return pairs.batch(inputs, targets, rows);
    };
  }

  /**
   * What texts are labelled with: their class, whether each class applies, a number, or the class of each token.
   *
   * @param labels of the dataset; @param types whether the model tells two types of tokens apart
   */
  public static RowObjective<EncoderBatch> labels(LabelledTexts texts, DatasetLabels labels, boolean types) {
    return (dataset, rows, step) -> {
      List<int[]> tokens = texts(dataset, rows);
      List<double[]> found = Arrays.stream(rows).mapToObj(dataset::labels).toList();
      EncoderBatch batch = switch (labels.labelKind()) {
        case CLASS -> texts.classes(tokens, found.stream().mapToInt(label -> (int) label[0]).toArray(), rows);
        case CLASSES, NUMBER -> texts.scores(tokens, found.stream().map(label -> scores(label, labels)).toList(), rows);
        case TAGS -> texts.tokens(tokens, found.stream().map(RowObjectives::integers).toList(), rows);
      };
      if (!types) return batch;
      return batch.withSeconds(Arrays.stream(rows).mapToInt(row -> second(dataset.starts(row))).toArray());
    };
  }

  private static int[] integers(double[] numbers) {
    return Arrays.stream(numbers).mapToInt(number -> (int) number).toArray();
  }

  /** Where the tokens of the second text, or of the second type, begin; 0: there are none. */
  private static int second(int[] starts) {
    return starts.length > 1 ? starts[1] : 0;
  }

  /** A number, or for each class 1 where it applies, else 0. */
  private static float[] scores(double[] found, DatasetLabels labels) {
    if (labels.labelKind() == LabelKind.NUMBER) return new float[]{(float) found[0]};
    float[] scores = new float[labels.classes().size()];
    for (double label : found) scores[(int) label] = 1;
    return scores;
  }

  /** The first {@link PackedDataset#sequenceLength} tokens of each row at the most: its inputs, and what ends in it. */
  private static List<int[]> texts(PackedDataset dataset, long[] rows) {
    List<int[]> texts = new ArrayList<>();
    for (long row : rows) {
      int length = Math.min(dataset.targets(row) + 1, dataset.sequenceLength());
      texts.add(Arrays.copyOf(dataset.tokens(row), length));
    }
    return texts;
  }
}
