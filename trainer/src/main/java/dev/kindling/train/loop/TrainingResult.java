package dev.kindling.train.loop;

import java.util.List;

/**
 * How a run ended.
 *
 * @param step the last one done
 * @param finished whether that was the last one asked for; else it was stopped early and can be resumed
 * @param history every logged step from the first on, of earlier attempts too
 * @param tokens positions read by this attempt, over all ranks
 * @param seconds that this attempt spent in steps, evaluation and checkpoints left out
 */
public record TrainingResult(long step, boolean finished, List<LossPoint> history, long tokens, double seconds) {
  public TrainingResult { history = List.copyOf(history); }

  /** Tokens per second over all ranks; 0 when this attempt had nothing to do. */
  public double tokensPerSecond() {
    return seconds > 0 ? tokens / seconds : 0;
  }
}
