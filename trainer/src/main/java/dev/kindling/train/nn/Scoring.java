package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Value;
import dev.kindling.train.kernel.AttentionForm;

/**
 * How a layer weighs the keys of its own sequence.
 *
 * @param window tokens that are seen, the query's own included: position i sees i - window + 1 to i; 0: no limit
 * @param bias float32 [heads, queryTime + keyTime - 1], as {@link Context#keyTime} has it, or null
 */
public record Scoring(AttentionForm form, int window, Value bias) {
  /** By 1 / √headDim, without window, cap and bias. */
  public static Scoring scaled(int headDim) {
    return new Scoring(AttentionForm.scaled(headDim), 0, null);
  }

  public Scoring within(int window) {
    return new Scoring(form, window, bias);
  }

  public Scoring with(Value bias) {
    return new Scoring(form, window, bias);
  }
}
