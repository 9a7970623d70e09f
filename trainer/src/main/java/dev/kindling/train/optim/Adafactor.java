package dev.kindling.train.optim;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/**
 * Adam's second moment as the product of a row and a column, without a first one: a matrix [r, c] has r + c floats of state
 * instead of 2 r c (Shazeer and Stern 2018, arXiv:1804.04235, algorithms 4 and 5; settings and order of operations as PyTorch's
 * {@code torch.optim.Adafactor}). What T5 was trained with.
 *
 * <pre>
 *   s = t^-0.8        R = R + s (mean of each row of g² - R)        C = C + s (mean of each column of g² - C)
 *   V = R C / mean(R)     (a vector: V = V + s (g² - V))            u = g / √max(V, ε²)
 *   α = max(ε₂, rms(w)) · min(rate, 1/√t)
 *   w = w · (1 - rate · decay) - α / max(1, rms(u) / clip) · u
 * </pre>
 *
 * A rank owns whole parameters: rms, row and column are over all of one.
 */
public final class Adafactor implements Optimizer {
  /**
   * @param rate peak, relative to the size of the weights
   * @param beta2Decay power of the step at which the average of the squares takes in new ones, below 0
   * @param epsilon ε₂: the size that weights have at least when steps are made relative to it
   * @param clip the most that the root mean square of an update may be
   * @param decay decoupled, times the rate
   */
  public record Recipe(double rate, double beta2Decay, double epsilon, double clip, double decay)
      implements
        OptimizerRecipe {
    public Recipe {
      require(rate > 0, "adafactor.rate", rate, "a positive learning rate, such as 1e-2");
      require(beta2Decay < 0, "adafactor.beta2Decay", beta2Decay, "below 0, such as -0.8");
      require(epsilon >= 0, "adafactor.epsilon", epsilon, "0 or more, such as 1e-3");
      require(clip >= 1, "adafactor.clip", clip, "1 or more");
      require(decay >= 0, "adafactor.decay", decay, "0 or more");
    }

    /** PyTorch's settings. */
    public static Recipe of(double rate, double decay) {
      return new Recipe(rate, -0.8, 1e-3, 1, decay);
    }

    @Override
    public boolean needsWhole(Parameter parameter) {
      return true;
    }

    @Override
    public List<StateSpec> statesOf(OwnedRange range) {
      long[] shape = range.parameter().shape();
      return shape.length == 2
          ? List.of(new StateSpec("row_var", 0, shape[0]), new StateSpec("col_var", 0, shape[1]))
          : StateSpec.ofEachElement(range, "variance");
    }

    @Override
    public Recipe scaled(double rateFactor, double decayFactor) {
      return new Recipe(rate * rateFactor, beta2Decay, epsilon, clip, decay * decayFactor);
    }

    @Override
    public Optimizer create(List<OwnedRange> owned, Kernels kernels) {
      return new Adafactor(this, owned, kernels);
    }
  }

  private final Recipe recipe;
  private final StateMemory states;
  private final AdafactorUpdate update;
  private final Chunks chunks;

  private Adafactor(Recipe recipe, List<OwnedRange> owned, Kernels kernels) {
    this.recipe = recipe;
    for (OwnedRange range : owned) {
      if (!range.isWhole() || range.parameter().shape().length > 2) {
        throw new IllegalArgumentException("Adafactor takes whole vectors and matrices, not " + range);
      }
    }
    this.update = new AdafactorUpdate(kernels, owned);
    this.chunks = new Chunks(kernels, 2);
    this.states = new StateMemory(recipe::statesOf, owned);
  }

  @Override
  public void step(Tensor weights, Tensor gradients, double gradientScale, long step, double factor) {
    double rate = recipe.rate * factor;
    float share = (float) StrictMath.pow(step, recipe.beta2Decay);
    for (int i = 0; i < states.owned().size(); i++) {
      OwnedRange range = states.owned().get(i);
      Tensor w = range.in(weights);
      Tensor g = range.in(gradients);
      long[] shape = range.parameter().shape();
      if (shape.length == 2) {
        update.ofMatrix(g.reshape(shape), states.tensor(i, 0), states.tensor(i, 1), (float) gradientScale, share);
      } else {
        update.ofVector(g, states.tensor(i, 0), (float) gradientScale, share);
      }
      double size = Math.max(recipe.epsilon, update.rootMeanSquare(w)) * Math.min(rate, 1 / Math.sqrt(step));
      double cut = Math.max(1, update.rootMeanSquare(g) / recipe.clip);
      move(w, g, (float) (1 - rate * recipe.decay), (float) (size / cut));
    }
  }

  private void move(Tensor w, Tensor u, float keep, float size) {
    chunks.run(w.size(), (from, count, arrays) -> {
      long at = Float.BYTES * from;
      Raw.copy(w.address() + at, arrays[0], 0, count);
      Raw.copy(u.address() + at, arrays[1], 0, count);
      move(arrays[0], arrays[1], count, keep, size);
      Raw.copy(arrays[0], 0, count, w.address() + at);
    });
  }

  private static void move(float[] w, float[] u, int count, float keep, float size) {
    for (int i = 0; i < count; i++) w[i] = keep * w[i] - size * u[i];
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
