package dev.kindling.train.optim;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Any optimizer, with an exponential moving average of the weights that it makes (Polyak and Juditsky 1992; the growing decay
 * is that of TensorFlow's {@code ExponentialMovingAverage}):
 *
 * <pre>
 *   average = average + (1 - d) (w - average)      d = min(decay, (1 + t) / (10 + t))      average = w at the start
 * </pre>
 *
 * Each rank keeps the average of what it owns, as one more state: so it is in the checkpoint, and the same bits for any number
 * of ranks. Training does not read it.
 */
public final class AveragedWeights implements Optimizer {
  /** The state's name in a checkpoint: {@code average/PARAMETER}. */
  public static final String STATE = "average";

  /** @param optimizer that moves the weights; @param decay towards which d grows, such as 0.999 */
  public record Recipe(OptimizerRecipe optimizer, double decay) implements OptimizerRecipe {
    public Recipe { require(decay > 0 && decay < 1, "average.decay", decay, "between 0 and 1, such as 0.999"); }

    @Override
    public double rate() {
      return optimizer.rate();
    }

    @Override
    public boolean needsWhole(Parameter parameter) {
      return optimizer.needsWhole(parameter);
    }

    @Override
    public List<StateSpec> statesOf(OwnedRange range) {
      List<StateSpec> all = new ArrayList<>(optimizer.statesOf(range));
      all.addAll(averageOf(range));
      return all;
    }

    private static List<StateSpec> averageOf(OwnedRange range) {
      return StateSpec.ofEachElement(range, STATE);
    }

    @Override
    public long workOf(OwnedRange range, Kernels sizing) {
      return optimizer.workOf(range, sizing);
    }

    @Override
    public Recipe scaled(double rateFactor, double decayFactor) {
      return new Recipe(optimizer.scaled(rateFactor, decayFactor), decay);
    }

    @Override
    public Optimizer create(List<OwnedRange> owned, Kernels kernels) {
      Optimizer inner = optimizer.create(owned, kernels);
      try {
        return new AveragedWeights(this, inner, owned, kernels);
      } catch (Throwable e) {
        inner.close();
        throw e;
      }
    }
  }

  private final Recipe recipe;
  private final Optimizer optimizer;
  private final StateMemory averages;
  private final Chunks chunks;

  private AveragedWeights(Recipe recipe, Optimizer optimizer, List<OwnedRange> owned, Kernels kernels) {
    this.recipe = recipe;
    this.optimizer = optimizer;
    this.chunks = new Chunks(kernels, 2);
    this.averages = new StateMemory(Recipe::averageOf, owned);
  }

  @Override
  public void step(Tensor weights, Tensor gradients, double gradientScale, long step, double factor) {
    if (step == 1) inEach(weights, AveragedWeights::start);
    optimizer.step(weights, gradients, gradientScale, step, factor);
    float share = (float) (1 - Math.min(recipe.decay, (1.0 + step) / (10.0 + step)));
    inEach(weights, (w, average, count) -> follow(w, average, count, share));
  }

  /** Swaps this rank's weights with their averages; a second call swaps them back. */
  public void swap(Tensor weights) {
    inEach(weights, AveragedWeights::swap);
  }

  private interface Body {
    void run(float[] w, float[] average, int count);
  }

  private void inEach(Tensor weights, Body body) {
    for (int i = 0; i < averages.owned().size(); i++) {
      long w = averages.owned().get(i).in(weights).address();
      long average = averages.tensor(i, 0).address();
      chunks.run(averages.owned().get(i).size(), (from, count, arrays) -> {
        long at = Float.BYTES * from;
        Raw.copy(w + at, arrays[0], 0, count);
        Raw.copy(average + at, arrays[1], 0, count);
        body.run(arrays[0], arrays[1], count);
        Raw.copy(arrays[0], 0, count, w + at);
        Raw.copy(arrays[1], 0, count, average + at);
      });
    }
  }

  private static void start(float[] w, float[] average, int count) {
    System.arraycopy(w, 0, average, 0, count);
  }

  private static void follow(float[] w, float[] average, int count, float share) {
    for (int i = 0; i < count; i++) average[i] += share * (w[i] - average[i]);
  }

  private static void swap(float[] w, float[] average, int count) {
    for (int i = 0; i < count; i++) {
      float passing = w[i];
      w[i] = average[i];
      average[i] = passing;
    }
  }

  @Override
  public List<State> states() {
    List<State> all = new ArrayList<>(optimizer.states());
    all.addAll(averages.states());
    return all;
  }

  @Override
  public void close() {
    optimizer.close();
    averages.close();
  }
}
