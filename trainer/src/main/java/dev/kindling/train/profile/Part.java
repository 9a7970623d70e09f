package dev.kindling.train.profile;

import java.util.Locale;

/** What a rank's time goes to. */
public enum Part {
  /** Forward and backward passes, and the sums of gradients within the rank. */
  COMPUTE,
  /** Making batches: reading rows and copying tokens. */
  DATA,
  /** Until all other ranks have come as far. */
  WAIT,
  /** Sums, weights and small values on their way between ranks. */
  NETWORK,
  /** New weights from gradients, on the rank's shard. */
  OPTIMIZER,
  /** Rounding and packing the new weights for products. */
  PACK,
  /** Measuring on held-out rows. */
  EVALUATE,
  /** Writing checkpoints. */
  SAVE,
  /** All else: norms, counts, progress. */
  OTHER;

  /** As a table and a trace name it. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
