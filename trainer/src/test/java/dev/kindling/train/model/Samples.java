package dev.kindling.train.model;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.CounterRandom;
import java.util.Arrays;

/** Random weights and batches that leave nothing near zero. */
public final class Samples {
  private Samples() {
  }

  /** Matrices of deviation 0.15, biases 0.1, scales 1 ± 0.2. */
  public static void randomise(TrainableModel<?> model, long seed) {
    double[] pair = new double[2];
    for (Parameter p : model.layout().parameters()) {
      CounterRandom random = CounterRandom.of(seed, p.name());
      float[] values = new float[(int) p.size()];
      boolean bias = p.name().endsWith("bias");
      for (int i = 0; i < values.length; i++) {
        random.normals(i, pair);
        values[i] = (float) (p.shape().length > 1 ? 0.15 * pair[0] : bias ? 0.1 * pair[0] : 1 + 0.2 * pair[0]);
      }
      p.in(model.weights()).put(0, values, 0, values.length);
    }
    model.weightsChanged();
  }

  /**
   * Random tokens, each the label of the one before.
   *
   * @param ignored every how many-th label does not count, 0: none
   * @param lengths of the rows; past them is padding, whose ids and labels do not count
   */
  public static Batch batch(int vocabulary, int time, int ignored, int... lengths) {
    CounterRandom random = CounterRandom.of(5, "tokens");
    int[] inputs = new int[lengths.length * time];
    int[] targets = new int[inputs.length];
    Arrays.fill(targets, Kernels.IGNORED);
    for (int i = 0; i < inputs.length; i++) inputs[i] = (int) (random.uniform(i) * vocabulary);
    for (int i = 0; i < inputs.length; i++) {
      boolean counts = ignored == 0 || i % ignored != 0;
      if (counts && i % time < lengths[i / time]) targets[i] = (int) (random.uniform(1_000_000 + i) * vocabulary);
    }
    return new Batch(lengths.length, time, inputs, targets, lengths, new long[lengths.length]);
  }

  /** One text of which nothing is to be said. */
  public static Batch unlabelled(int[] tokens) {
    int[] targets = new int[tokens.length];
    Arrays.fill(targets, Kernels.IGNORED);
    return new Batch(1, tokens.length, tokens, targets, null, new long[1]);
  }

  /** One row of a batch as a batch. */
  public static Batch row(Batch batch, int row) {
    int from = row * batch.time();
    int to = from + batch.time();
    return new Batch(1, batch.time(), Arrays.copyOfRange(batch.inputs(), from, to),
        Arrays.copyOfRange(batch.targets(), from, to),
        batch.lengths() == null ? null : Arrays.copyOfRange(batch.lengths(), row, row + 1), new long[1]);
  }
}
