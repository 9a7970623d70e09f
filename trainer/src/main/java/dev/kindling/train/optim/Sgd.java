package dev.kindling.train.optim;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/**
 * Gradient descent, with momentum where asked, in PyTorch's form (Sutskever et al. 2013, section 2, without dampening):
 *
 * <pre>
 *   d = g + decay · w        b = momentum · b + d        w -= rate · (nesterov ? d + momentum · b : b)
 * </pre>
 *
 * The decay is part of the gradient.
 */
public final class Sgd implements Optimizer {
  /** @param rate peak; @param momentum 0: none, and no state; @param nesterov look ahead by one step */
  public record Recipe(double rate, double momentum, boolean nesterov, double decay) implements OptimizerRecipe {
    public Recipe {
      require(rate > 0, "sgd.rate", rate, "a positive learning rate, such as 0.1");
      require(momentum >= 0 && momentum < 1, "sgd.momentum", momentum, "from 0 to below 1");
      require(decay >= 0, "sgd.decay", decay, "0 or more");
      require(!nesterov || momentum > 0, "sgd.nesterov", nesterov, "false where sgd.momentum is 0");
    }

    /** Without momentum and decay. */
    public static Recipe plain(double rate) {
      return new Recipe(rate, 0, false, 0);
    }

    @Override
    public boolean needsWhole(Parameter parameter) {
      return false;
    }

    @Override
    public List<StateSpec> statesOf(OwnedRange range) {
      return momentum > 0 ? StateSpec.ofEachElement(range, "momentum_buffer") : List.of();
    }

    @Override
    public Recipe scaled(double rateFactor, double decayFactor) {
      return new Recipe(rate * rateFactor, momentum, nesterov, decay * decayFactor);
    }

    @Override
    public Optimizer create(List<OwnedRange> owned, Kernels kernels) {
      return new Sgd(this, owned, kernels);
    }
  }

  private final Recipe recipe;
  private final StateMemory momentum;
  private final Chunks chunks;

  private Sgd(Recipe recipe, List<OwnedRange> owned, Kernels kernels) {
    this.recipe = recipe;
    this.chunks = new Chunks(kernels, 3);
    this.momentum = new StateMemory(recipe::statesOf, owned);
  }

  @Override
  public void step(Tensor weights, Tensor gradients, double gradientScale, long step, double factor) {
    for (int i = 0; i < momentum.owned().size(); i++) {
      long w = momentum.owned().get(i).in(weights).address();
      long g = momentum.owned().get(i).in(gradients).address();
      long[] changed = recipe.momentum > 0 ? new long[]{w, momentum.tensor(i, 0).address()} : new long[]{w};
      chunks.change(momentum.owned().get(i).size(), g, changed, (arrays, count) -> {
        descend(arrays[1], arrays[0], count, (float) gradientScale);
        if (recipe.momentum > 0) roll(arrays[2], arrays[0], count);
        move(arrays[1], arrays[0], count, (float) (recipe.rate * factor));
      });
    }
  }

  private void descend(float[] w, float[] g, int count, float scale) {
    float decay = (float) recipe.decay;
    for (int i = 0; i < count; i++) g[i] = scale * g[i] + decay * w[i];
  }

  /** b = momentum · b + d; the direction of the step takes d's place. */
  private void roll(float[] b, float[] d, int count) {
    float mu = (float) recipe.momentum;
    for (int i = 0; i < count; i++) b[i] = mu * b[i] + d[i];
    for (int i = 0; i < count; i++) d[i] = recipe.nesterov ? d[i] + mu * b[i] : b[i];
  }

  private static void move(float[] w, float[] d, int count, float rate) {
    for (int i = 0; i < count; i++) w[i] -= rate * d[i];
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
