package dev.kindling.train.optim;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/**
 * Momentum orthogonalized by Newton-Schulz iterations (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural
 * networks"; settings and order of operations as PyTorch's {@code torch.optim.Muon}). For matrices only: see
 * {@link MuonWithAdamW}.
 *
 * <pre>
 *   b = b + (1-μ)(g - b)      u = g + μ(b - g)      w = w · (1 - rate · decay) - rate · scaling · orthogonal(u)
 * </pre>
 *
 * A rank owns whole matrices: an orthogonal factor has no meaning for a part of one. A parameter that holds several, as GPT-2's
 * queries, keys and values side by side, has each made orthogonal by itself ({@link MatrixPart}).
 */
public final class Muon implements Optimizer {
  /** What an orthogonal factor, whose singular values are all about 1, is multiplied with before the rate. */
  public enum Scaling {
    /** √max(1, rows / columns), as stored: Jordan's own, and PyTorch's default; rates around 0.02. */
    ORIGINAL,
    /**
     * 0.2 · √max(rows, columns): updates as large as AdamW's, so that its rates and decay carry over (Liu et al. 2025,
     * arXiv:2502.16982, eq. 4). Does not ask which way round a matrix is stored.
     */
    MATCH_ADAMW;

    double of(long rows, long columns) {
      return this == ORIGINAL
          ? Math.sqrt(Math.max(1, (double) rows / columns))
          : 0.2 * Math.sqrt(Math.max(rows, columns));
    }
  }

  /**
   * @param rate peak
   * @param momentum μ, with Nesterov's step ahead
   * @param decay decoupled, times the rate
   * @param bfloat16 whether the iterations round their factors to bf16; their sums are float32
   */
  public record Recipe(double rate, double momentum, double decay, Scaling scaling,
      boolean bfloat16) implements OptimizerRecipe {
    public Recipe {
      require(rate > 0, "muon.rate", rate, "a positive learning rate, such as 5e-3");
      require(momentum >= 0 && momentum < 1, "muon.momentum", momentum, "from 0 to below 1");
      require(decay >= 0, "muon.decay", decay, "0 or more");
    }

    /** Momentum 0.95, decay 0.1, the scale of AdamW's updates. */
    public static Recipe of(double rate, boolean bfloat16) {
      return new Recipe(rate, 0.95, 0.1, Scaling.MATCH_ADAMW, bfloat16);
    }

    @Override
    public boolean needsWhole(Parameter parameter) {
      return true;
    }

    @Override
    public List<StateSpec> statesOf(OwnedRange range) {
      return StateSpec.ofEachElement(range, "momentum_buffer");
    }

    @Override
    public long workOf(OwnedRange range, Kernels sizing) {
      long most = 0;
      for (MatrixPart part : MatrixPart.of(range.parameter())) {
        most = Math.max(most, Orthogonal.work(part.rows(), part.columns(), sizing, bfloat16));
      }
      return most;
    }

    @Override
    public Recipe scaled(double rateFactor, double decayFactor) {
      return new Recipe(rate * rateFactor, momentum, decay * decayFactor, scaling, bfloat16);
    }

    @Override
    public Optimizer create(List<OwnedRange> owned, Kernels kernels) {
      return new Muon(this, owned, kernels);
    }
  }

  private final Recipe recipe;
  private final StateMemory momentum;
  private final Chunks chunks;
  private final Orthogonal orthogonal;

  private Muon(Recipe recipe, List<OwnedRange> owned, Kernels kernels) {
    this.recipe = recipe;
    for (OwnedRange range : owned) {
      if (!range.isWhole() || range.parameter().shape().length != 2) {
        throw new IllegalArgumentException("Muon takes whole matrices, not " + range);
      }
    }
    this.chunks = new Chunks(kernels, 3);
    this.orthogonal = new Orthogonal(kernels, recipe.bfloat16);
    this.momentum = new StateMemory(recipe::statesOf, owned);
  }

  @Override
  public void step(Tensor weights, Tensor gradients, double gradientScale, long step, double factor) {
    for (int i = 0; i < momentum.owned().size(); i++) {
      OwnedRange range = momentum.owned().get(i);
      Tensor g = range.in(gradients);
      lookAhead(momentum.tensor(i, 0), g, (float) gradientScale);
      for (MatrixPart part : MatrixPart.of(range.parameter())) {
        Tensor o = orthogonal.of(g, part);
        double rate = recipe.rate * factor;
        update(range.in(weights), part, o, (float) (1 - rate * recipe.decay),
            (float) (rate * recipe.scaling.of(part.rows(), part.columns())));
      }
    }
  }

  /** Moves the momentum on; the direction with Nesterov's step takes the gradient's place. */
  private void lookAhead(Tensor b, Tensor g, float scale) {
    float mu = (float) recipe.momentum;
    chunks.run(g.size(), (from, count, arrays) -> {
      long at = Float.BYTES * from;
      Raw.copy(b.address() + at, arrays[0], 0, count);
      Raw.copy(g.address() + at, arrays[1], 0, count);
      lookAhead(arrays[0], arrays[1], count, mu, scale);
      Raw.copy(arrays[0], 0, count, b.address() + at);
      Raw.copy(arrays[1], 0, count, g.address() + at);
    });
  }

  private static void lookAhead(float[] b, float[] g, int count, float mu, float scale) {
    for (int i = 0; i < count; i++) g[i] *= scale;
    for (int i = 0; i < count; i++) b[i] += (1 - mu) * (g[i] - b[i]);
    for (int i = 0; i < count; i++) g[i] = b[i] - (1 - mu) * (b[i] - g[i]);
  }

  /** w = keep · w - rate · o at the part's elements of w. */
  private void update(Tensor w, MatrixPart part, Tensor o, float keep, float rate) {
    chunks.run(o.size(), (from, count, arrays) -> {
      Raw.copy(o.address() + Float.BYTES * from, arrays[0], 0, count);
      for (int done = 0; done < count;) {
        long in = (from + done) % part.run();
        int run = (int) Math.min(count - done, part.run() - in);
        long at = w.address() + Float.BYTES * (part.start() + (from + done) / part.run() * part.stride() + in);
        Raw.copy(at, arrays[1], 0, run);
        update(arrays[1], arrays[0], done, run, keep, rate);
        Raw.copy(arrays[1], 0, run, at);
        done += run;
      }
    });
  }

  private static void update(float[] w, float[] o, int from, int count, float keep, float rate) {
    for (int i = 0; i < count; i++) w[i] = keep * w[i] - rate * o[from + i];
  }

  @Override
  public List<State> states() {
    return momentum.states();
  }

  @Override
  public void close() {
    momentum.close();
    orthogonal.close();
  }
}
