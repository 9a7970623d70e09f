package dev.kindling.jobs.evaluate;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.collective.Alone;
import dev.kindling.train.evaluate.HeldOutRows;
import dev.kindling.train.evaluate.Perplexity;
import dev.kindling.train.model.LanguageModel;

/** A model on the held-out rows of a dataset, in this process. */
public final class HeldOut {
  private static final int BATCH_ROWS = 8;

  private HeldOut() {
  }

  /**
   * @param heldOut as {@link PackedDataset#openHeldOut} gives it
   * @return e to the power of the mean loss of a held-out token; @throws UserError where the model cannot read the rows
   */
  public static double perplexity(LanguageModel model, PackedDataset heldOut) {
    refusePairs(heldOut, "decoder");
    refuseLongRows(heldOut, model.contextLength());
    refuseVocabulary(heldOut, model.vocabularySize());
    try (Alone alone = new Alone()) {
      return Math.exp(new Perplexity<>(HeldOutRows.of(heldOut), BATCH_ROWS).meanLoss(model, alone));
    }
  }

  /** @param model what the model is */
  static void refusePairs(PackedDataset heldOut, String model) {
    if (heldOut.info().packingKind() == Packing.SEQUENCE_TO_SEQUENCE)
      throw new UserError(
          "the dataset has pairs of what is read and what is written, packing sequence-to-sequence, and the "
              + "model is a " + model + ": give a t5, or another dataset");
  }

  static void refuseLongRows(PackedDataset heldOut, int contextLength) {
    if (heldOut.sequenceLength() > contextLength)
      throw new UserError("the dataset's rows have " + heldOut.sequenceLength() + " tokens; the model's context takes "
          + contextLength + ": prepare the dataset with a sequenceLength of at most that");
  }

  static void refuseVocabulary(PackedDataset heldOut, int vocabularySize) {
    if (heldOut.info().vocabularySize() > vocabularySize)
      throw new UserError(
          "the dataset has a vocabulary of " + heldOut.info().vocabularySize() + " tokens, the model one of "
              + vocabularySize + ": prepare the dataset with the model's tokenizer");
  }
}
