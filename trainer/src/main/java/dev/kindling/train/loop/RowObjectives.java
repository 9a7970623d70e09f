package dev.kindling.train.loop;

import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.Seq2SeqBatch;
import dev.kindling.train.objective.MaskedWords;
import dev.kindling.train.objective.NextToken;
import dev.kindling.train.objective.SpanCorruption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The objectives of pre-training over the rows of a packed dataset; what only fills the last row up never counts. */
public final class RowObjectives {
  private RowObjectives() {
  }

  /** Each token from those before it. */
  public static Batch nextTokens(PackedDataset dataset, long[] rows, long step) {
    List<int[]> tokens = new ArrayList<>();
    for (long row : rows) tokens.add(dataset.tokens(row));
    Batch batch = NextToken.batch(tokens, rows);
    for (int i = 0; i < rows.length; i++) {
      int from = i * batch.time();
      Arrays.fill(batch.targets(), from + dataset.targets(rows[i]), from + batch.time(), Kernels.IGNORED);
    }
    return batch;
  }

  /** Each token from those before it in its document: one begins with each end of text. */
  public static RowObjective<Batch> documentsApart(int endOfText) {
    return (dataset, rows, step) -> nextTokens(dataset, rows, step).apart(endOfText);
  }

  /** Hidden tokens from all the others. */
  public static RowObjective<EncoderBatch> maskedWords(MaskedWords words, long seed) {
    return (dataset, rows, step) -> words.batch(texts(dataset, rows), rows, seed, step);
  }

  /** Spans that were cut out, from what is left. */
  public static RowObjective<Seq2SeqBatch> spans(SpanCorruption spans, long seed) {
    return (dataset, rows, step) -> spans.batch(texts(dataset, rows), rows, seed, step);
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
