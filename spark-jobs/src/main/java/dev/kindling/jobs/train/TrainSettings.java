package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import java.io.Serializable;

/**
 * How long and in what pieces a model learns. A step reads virtualRanks · microBatch · accumulate sequences.
 *
 * @param steps of the whole run; 0: as many as {@code epochs} give
 * @param epochs how often the dataset may be read; 0: as often as the steps need
 * @param microBatch sequences of one forward and backward pass
 * @param accumulate micro-batches of a virtual rank in a step
 * @param virtualRanks parts of every step's batch, fixed for the run: the most ranks that can share it
 * @param seed of the first weights and of the order of the data
 * @param precision of the arithmetic; master weights and sums are float32 always
 * @param clipNorm the global norm that gradients are cut back to; 0: never
 * @param evaluateEvery steps between evaluations; 0: only at the end
 * @param evaluationRows held-out rows of one batch
 * @param logEvery steps between progress lines
 * @param stopAfter the step after which this run ends early, with a checkpoint; 0: never
 * @param activationCheckpointing whether only what goes into each block is kept for the way back, which computes the block again:
 *        less memory, more time, the same bits
 */
public record TrainSettings(long steps, long epochs, int microBatch, int accumulate, int virtualRanks, long seed,
    PrecisionChoice precision, double clipNorm, long evaluateEvery, int evaluationRows, long logEvery, long stopAfter,
    boolean activationCheckpointing)
    implements
      Serializable {
  /** AUTO is bf16 where the processors have instructions for it, else float32. */
  public enum PrecisionChoice {
    AUTO, FLOAT32, BFLOAT16
  }

  public TrainSettings {
    require(steps >= 0, "train.steps", steps, "1 or more, or 0 with train.epochs");
    require(epochs >= 0, "train.epochs", epochs, "1 or more, or 0 with train.steps");
    require(steps + epochs > 0, "train.steps", steps, "1 or more where train.epochs is 0");
    require(microBatch >= 1, "train.microBatch", microBatch, "1 or more sequences");
    require(accumulate >= 1, "train.accumulate", accumulate, "1 or more micro-batches");
    require((long) microBatch * accumulate <= Integer.MAX_VALUE, "train.accumulate", accumulate,
        "at most " + Integer.MAX_VALUE / microBatch + " with train.microBatch " + microBatch);
    require(virtualRanks >= 1, "train.virtualRanks", virtualRanks, "1 or more");
    require(clipNorm >= 0, "train.clipNorm", clipNorm, "a norm, such as 1.0, or 0 for no clipping");
    require(evaluateEvery >= 0, "train.evaluateEvery", evaluateEvery, "a number of steps, or 0 for the end only");
    require(evaluationRows >= 1, "train.evaluationRows", evaluationRows, "1 or more");
    require(logEvery >= 1, "train.logEvery", logEvery, "1 or more steps");
    require(stopAfter >= 0, "train.stopAfter", stopAfter, "a step, or 0 for no early end");
  }

  /** Keeps all activations. */
  public TrainSettings(long steps, long epochs, int microBatch, int accumulate, int virtualRanks, long seed,
      PrecisionChoice precision, double clipNorm, long evaluateEvery, int evaluationRows, long logEvery,
      long stopAfter) {
    this(steps, epochs, microBatch, accumulate, virtualRanks, seed, precision, clipNorm, evaluateEvery, evaluationRows,
        logEvery, stopAfter, false);
  }

  public TrainSettings withActivationCheckpointing() {
    return new TrainSettings(steps, epochs, microBatch, accumulate, virtualRanks, seed, precision, clipNorm,
        evaluateEvery, evaluationRows, logEvery, stopAfter, true);
  }

  /** 1,000 steps of 8 sequences. */
  public static TrainSettings defaults() {
    return new TrainSettings(1000, 0, 1, 1, 8, 0, PrecisionChoice.AUTO, 1, 0, 8, 10, 0, false);
  }
}
