package dev.kindling.train.optim;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/**
 * Steps of one size, in the sign of an interpolated momentum (Chen et al. 2023, arXiv:2302.06675, algorithm 2). Its rates are 3
 * to 10 times smaller than AdamW's, its decays as much larger.
 *
 * <pre>
 *   w = w - rate · (sign(β1 m + (1-β1) g) + decay · w)        m = β2 m + (1-β2) g
 * </pre>
 */
public final class Lion implements Optimizer {
  /** @param rate peak; @param beta1 of the step; @param beta2 of the momentum that is kept; @param decay times the rate */
  public record Recipe(double rate, double beta1, double beta2, double decay) implements OptimizerRecipe {
    public Recipe {
      require(rate > 0, "lion.rate", rate, "a positive learning rate, such as 1e-4");
      require(beta1 >= 0 && beta1 < 1, "lion.beta1", beta1, "from 0 to below 1");
      require(beta2 >= 0 && beta2 < 1, "lion.beta2", beta2, "from 0 to below 1");
      require(decay >= 0, "lion.decay", decay, "0 or more");
    }

    @Override
    public boolean needsWhole(Parameter parameter) {
      return false;
    }

    @Override
    public List<StateSpec> statesOf(OwnedRange range) {
      return StateSpec.ofEachElement(range, "exp_avg");
    }

    @Override
    public Recipe scaled(double rateFactor, double decayFactor) {
      return new Recipe(rate * rateFactor, beta1, beta2, decay * decayFactor);
    }

    @Override
    public Optimizer create(List<OwnedRange> owned, Kernels kernels) {
      return new Lion(this, owned, kernels);
    }
  }

  private final Recipe recipe;
  private final StateMemory momentum;
  private final Chunks chunks;

  private Lion(Recipe recipe, List<OwnedRange> owned, Kernels kernels) {
    this.recipe = recipe;
    this.chunks = new Chunks(kernels, 3);
    this.momentum = new StateMemory(recipe::statesOf, owned);
  }

  @Override
  public void step(Tensor weights, Tensor gradients, double gradientScale, long step, double factor) {
    float rate = (float) (recipe.rate * factor);
    float keep = (float) (1 - recipe.rate * factor * recipe.decay);
    for (int i = 0; i < momentum.owned().size(); i++) {
      long w = momentum.owned().get(i).in(weights).address();
      long g = momentum.owned().get(i).in(gradients).address();
      long m = momentum.tensor(i, 0).address();
      chunks.change(momentum.owned().get(i).size(), g, new long[]{w, m}, (arrays, count) -> {
        move(arrays[1], arrays[0], arrays[2], count, (float) gradientScale, keep, rate);
        roll(arrays[0], arrays[2], count);
      });
    }
  }

  /** Leaves the scaled gradient in g. */
  private void move(float[] w, float[] g, float[] m, int count, float scale, float keep, float rate) {
    float old = (float) recipe.beta1;
    float fresh = (float) (1 - recipe.beta1);
    for (int i = 0; i < count; i++) g[i] *= scale;
    for (int i = 0; i < count; i++) w[i] = keep * w[i] - rate * Math.signum(old * m[i] + fresh * g[i]);
  }

  private void roll(float[] g, float[] m, int count) {
    float old = (float) recipe.beta2;
    float fresh = (float) (1 - recipe.beta2);
    for (int i = 0; i < count; i++) m[i] = old * m[i] + fresh * g[i];
  }

  @Override
  public List<State> states() {
    return momentum.states();
  }

  @Override
  public void close() {
    momentum.close();
  }
}
