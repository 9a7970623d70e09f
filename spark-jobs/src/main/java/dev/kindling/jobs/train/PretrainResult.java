package dev.kindling.jobs.train;

import dev.kindling.train.loop.LossPoint;
import java.util.List;

/**
 * How a pre-training run ended.
 *
 * @param weightsSha256 over the values of all weights: the same for any number of ranks
 * @param ranks that took part at the end
 * @param steps done; @param finished whether those were all, or the run was stopped early
 * @param tokens read by the last attempt; @param tokensPerSecond over all ranks, in steps
 * @param trainingLoss mean of the last logged step, in nats; NaN where no label counted
 * @param validationLoss of a held-out token, in nats, or of a text's label; NaN where nothing is held out
 * @param curve every logged step and every evaluation, earlier attempts included
 * @param checkpoint the newest one: a model folder in Hugging Face's layout
 * @param kernels and @param precision what computed it
 * @param parameters of the model
 * @param seconds from the start of the job to its end
 * @param saysTokens whether losses are of tokens, so that they have a perplexity
 */
public record PretrainResult(String weightsSha256, int ranks, long steps, boolean finished, long tokens,
    double tokensPerSecond,
    double trainingLoss, double validationLoss, List<LossPoint> curve, String checkpoint, String kernels,
    String precision,
    long parameters, double seconds, boolean saysTokens) {
  public PretrainResult { curve = List.copyOf(curve); }

  /** e to the power of the validation loss. */
  public double validationPerplexity() {
    return Math.exp(validationLoss);
  }
}
