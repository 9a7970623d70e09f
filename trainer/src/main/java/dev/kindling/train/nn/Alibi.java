package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;

/**
 * Attention with linear biases (Press et al. 2022, arXiv:2108.12409, section 3): a key d positions before its query loses
 * slope · d. With h heads, a power of two, the slopes are 2^(-8/h), 2^(-16/h), ..; for other numbers those of the power of two
 * below and then every second of the one above.
 */
public final class Alibi {
  private Alibi() {
  }

  /** @return slope of each head, largest first within a power of two */
  public static double[] slopes(int heads) {
    int power = Integer.highestOneBit(heads);
    double[] slopes = new double[heads];
    for (int h = 0; h < heads; h++) {
      slopes[h] = h < power ? Math.pow(2, -8.0 * (h + 1) / power) : Math.pow(2, -4.0 * (2 * (h - power) + 1) / power);
    }
    return slopes;
  }

  /** The bias of the positions at hand, for all layers. @return float32 [heads, queryTime + keyTime - 1], constant */
  public static Value bias(Tape tape, Context context, int heads) {
    int columns = context.queryTime() + context.keyTime() - 1;
    Tensor bias = tape.take(DType.FLOAT32, heads, columns);
    double[] slopes = slopes(heads);
    float[] row = new float[columns];
    for (int h = 0; h < heads; h++) {
      for (int c = 0; c < columns; c++) row[c] = (float) (slopes[h] * (c + 1 - context.keyTime()));
      bias.put((long) h * columns, row, 0, columns);
    }
    return tape.constant(bias);
  }
}
