package dev.kindling.train.model;

import dev.kindling.checkpoint.WeightSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** What {@link Training} does, in double precision from the first gradient to the last weight, on libtorch's gradients. */
final class TorchTraining {
  private static final double RATE = 1e-2, DECAY = 0.1, BETA1 = 0.9, BETA2 = 0.999;
  private final TorchWeights weights;
  private final Function<TorchWeights, Tensor> model;
  private final double epsilon;
  private final Map<String, double[][]> moments = new TreeMap<>();
  private int step;

  private TorchTraining(TorchWeights weights, Function<TorchWeights, Tensor> model, double epsilon) {
    this.weights = weights;
    this.model = model;
    this.epsilon = epsilon;
  }

  /**
   * The first step's gradients are added twice, as in the golden path.
   *
   * @param model its summed loss; @param labels of the batch; @param epsilon of AdamW
   */
  static List<Training.Step> run(WeightSource source, Function<TorchWeights, Tensor> model, long labels, int steps,
      double epsilon) {
    List<Training.Step> path = new ArrayList<>();
    try (PointerScope scope = new PointerScope()) {
      TorchTraining training = new TorchTraining(TorchWeights.of(source), model, epsilon);
      for (int step = 0; step < steps; step++) path.add(training.run(labels, step == 0 ? 2 : 1));
    }
    return path;
  }

  private Training.Step run(long labels, int times) {
    double loss = 0;
    for (int i = 0; i < times; i++) {
      Tensor summed = model.apply(weights);
      summed.backward();
      loss = summed.item_double() / labels;
    }
    Map<String, double[]> gradients = new TreeMap<>();
    double squares = 0;
    for (Map.Entry<String, Tensor> weight : weights.all().entrySet()) {
      double[] gradient = gradient(weight.getValue());
      for (int i = 0; i < gradient.length; i++) {
        gradient[i] /= labels;
        squares += gradient[i] * gradient[i];
      }
      gradients.put(weight.getKey(), gradient);
    }
    double norm = Math.sqrt(squares);
    double clip = Math.min(1, 1 / (norm + 1e-6));
    step++;
    gradients.forEach((name, gradient) -> update(name, gradient, clip));
    return new Training.Step(loss, norm);
  }

  /** Takes it: the next one begins at zero. */
  private static double[] gradient(Tensor weight) {
    double[] all = new double[(int) weight.numel()];
    if (!weight.grad().defined()) return all;
    new DoublePointer(weight.grad().contiguous().data_ptr()).get(all);
    weight.grad().zero_();
    return all;
  }

  /** (Loshchilov and Hutter 2019, algorithm 2) */
  private void update(String name, double[] gradient, double clip) {
    Tensor weight = weights.get(name);
    double[][] moment = moments.computeIfAbsent(name, n -> new double[2][gradient.length]);
    double decay = weight.dim() > 1 ? DECAY : 0;
    double[] values = new double[gradient.length];
    DoublePointer at = new DoublePointer(weight.data_ptr());
    at.get(values);
    for (int i = 0; i < values.length; i++) {
      double g = gradient[i] * clip;
      moment[0][i] = BETA1 * moment[0][i] + (1 - BETA1) * g;
      moment[1][i] = BETA2 * moment[1][i] + (1 - BETA2) * g * g;
      double first = moment[0][i] / (1 - Math.pow(BETA1, step));
      double second = moment[1][i] / (1 - Math.pow(BETA2, step));
      values[i] -= RATE * (first / (Math.sqrt(second) + epsilon) + decay * values[i]);
    }
    at.put(values);
  }
}
