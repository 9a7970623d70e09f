package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/**
 * What a mixture's routers pay for being uneven or loud, over all layers together. With N rows that count (of all layers), C[e]
 * how often expert e was chosen and P[e] the sum of its probabilities:
 *
 * <pre>
 *   balance · experts Σ C[e]/N · P[e]/N        (Fedus et al. 2021, arXiv:2101.03961, eq. 4-6, with the k choices of a row all
 *                                               counted, as Mixtral in transformers does)
 *   z · Σ (log Σ exp(logits))² / N             (Zoph et al. 2022, arXiv:2202.08906, eq. 5)
 * </pre>
 *
 * C is no function that has gradients; those by the logits are made on the way forward and handed on by the way back.
 */
public record RouterLoss(Value logits, Tensor gradient) implements Operation {
  /**
   * @param layers all routers of the model; @param counted int32 [rows], 0 for rows of padding, or null
   * @param balance the balance loss's weight in the summed loss; @param z that of the z-loss
   * @return the weighted losses, to be added to the summed loss
   */
  public static double of(List<Route> layers, Tensor counted, double balance, double z) {
    int experts = Math.toIntExact(layers.get(0).logits().data().dim(-1));
    long[] chosen = new long[experts];
    double choices = 0;
    for (Route layer : layers) {
      long[] counts = layer.counts(counted);
      for (int e = 0; e < experts; e++) {
        chosen[e] += counts[e];
        choices += counts[e];
      }
    }
    double rows = choices / layers.get(0).chosen().dim(-1);
    if (rows == 0) return 0;
    double[] slopes = new double[experts];
    for (int e = 0; e < experts; e++) slopes[e] = balance * experts * chosen[e] / (rows * rows);
    double sum = 0;
    for (Route layer : layers) sum += one(layer.logits(), counted, slopes, z / rows);
    return sum;
  }

  private static double one(Value logits, Tensor counted, double[] slopes, double z) {
    Tape tape = logits.tape();
    Tensor losses = tape.take(DType.FLOAT32, logits.data().rows());
    Tensor gradient = tape.isRecording() ? tape.borrow(DType.FLOAT32, logits.data().shape()) : null;
    tape.kernels().routing().routerLoss(logits.use(), counted, slopes, z, losses, gradient);
    tape.record(new RouterLoss(logits, gradient));
    double sum = 0;
    for (float loss : losses.toFloats()) sum += loss;
    return sum;
  }

  @Override
  public void backward(Tape tape) {
    tape.flow(logits, gradient);
  }
}
