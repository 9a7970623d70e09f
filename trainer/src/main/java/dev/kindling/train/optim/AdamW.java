package dev.kindling.train.optim;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2; the arithmetic is that of
 * {@link Kernels#adamw}). What shall not decay, such as biases and norms, is a {@link ParameterGroup}.
 */
public final class AdamW implements Optimizer {
  /**
   * @param rate peak
   * @param beta1 of the mean of the gradients
   * @param beta2 of the mean of their squares
   * @param epsilon added to the root of the latter
   * @param decay times the rate
   */
  public record Recipe(double rate, double beta1, double beta2, double epsilon, double decay)
      implements
        OptimizerRecipe {
    public Recipe {
      require(rate > 0, "adamw.rate", rate, "a positive learning rate, such as 3e-4");
      require(beta1 >= 0 && beta1 < 1, "adamw.beta1", beta1, "from 0 to below 1");
      require(beta2 >= 0 && beta2 < 1, "adamw.beta2", beta2, "from 0 to below 1");
      require(epsilon > 0, "adamw.epsilon", epsilon, "positive, such as 1e-8");
      require(decay >= 0, "adamw.decay", decay, "0 or more");
    }

    /** Betas 0.9 and 0.95, epsilon 1e-8, decay 0.1: what most language models are trained with. */
    public static Recipe of(double rate) {
      return new Recipe(rate, 0.9, 0.95, 1e-8, 0.1);
    }

    @Override
    public boolean needsWhole(Parameter parameter) {
      return false;
    }

    @Override
    public List<StateSpec> statesOf(OwnedRange range) {
      return StateSpec.ofEachElement(range, "exp_avg", "exp_avg_sq");
    }

    @Override
    public Recipe scaled(double rateFactor, double decayFactor) {
      return new Recipe(rate * rateFactor, beta1, beta2, epsilon, decay * decayFactor);
    }

    @Override
    public Optimizer create(List<OwnedRange> owned, Kernels kernels) {
      return new AdamW(this, owned, kernels);
    }
  }

  private final Recipe recipe;
  private final Kernels kernels;
  private final StateMemory states;                        // of each range: mean, mean square

  private AdamW(Recipe recipe, List<OwnedRange> owned, Kernels kernels) {
    this.recipe = recipe;
    this.kernels = kernels;
    this.states = new StateMemory(recipe::statesOf, owned);
  }

  @Override
  public void step(Tensor weights, Tensor gradients, double gradientScale, long step, double factor) {
    for (int i = 0; i < states.owned().size(); i++) {
      OwnedRange range = states.owned().get(i);
      kernels.adamw(range.in(weights), range.in(gradients), states.tensor(i, 0), states.tensor(i, 1),
          gradientScale, recipe.rate * factor, recipe.beta1, recipe.beta2, recipe.epsilon, recipe.decay, step);
    }
  }

  @Override
  public List<State> states() {
    return states.states();
  }

  @Override
  public void close() {
    states.close();
  }
}
