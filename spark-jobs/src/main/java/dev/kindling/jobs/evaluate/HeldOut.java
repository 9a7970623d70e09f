package dev.kindling.jobs.evaluate;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.collective.Alone;
import dev.kindling.train.evaluate.HeldOutRows;
import dev.kindling.train.evaluate.Perplexity;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.LanguageModel;
import dev.kindling.train.objective.NextToken;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The held-out rows of a dataset as batches. */
public final class HeldOut implements HeldOutRows {
  private static final int BATCH_ROWS = 8;
  private static final int NOT_COUNTED = -100;

  private final PackedDataset dataset;

  /** @param heldOut as {@link PackedDataset#openHeldOut} gives it */
  public HeldOut(PackedDataset heldOut) {
    dataset = heldOut;
  }

  /** @return e to the power of the mean loss of a held-out token; @throws UserError where the model cannot read the rows */
  public double perplexity(LanguageModel model) {
    if (dataset.sequenceLength() > model.contextLength()) {
      throw new UserError("the dataset's rows have " + dataset.sequenceLength() + " tokens; the model's context takes "
          + model.contextLength() + ": prepare the dataset with a sequenceLength of at most that");
    }
    if (dataset.info().vocabularySize() > model.vocabularySize()) {
      throw new UserError(
          "the dataset has a vocabulary of " + dataset.info().vocabularySize() + " tokens, the model one of "
              + model.vocabularySize() + ": prepare the dataset with the model's tokenizer");
    }
    try (Alone alone = new Alone()) {
      return Math.exp(new Perplexity(this, BATCH_ROWS).meanLoss(model, alone));
    }
  }

  @Override
  public long rows() {
    return dataset.rows();
  }

  @Override
  public Batch batch(long from, int count) {
    List<int[]> rows = new ArrayList<>();
    long[] ids = new long[count];
    for (int i = 0; i < count; i++) {
      rows.add(dataset.tokens(from + i));
      ids[i] = from + i;
    }
    Batch batch = NextToken.batch(rows, ids);
    for (int i = 0; i < count; i++) {
      int counted = i * batch.time() + dataset.targets(from + i);
      Arrays.fill(batch.targets(), counted, (i + 1) * batch.time(), NOT_COUNTED);
    }
    return batch;
  }
}
