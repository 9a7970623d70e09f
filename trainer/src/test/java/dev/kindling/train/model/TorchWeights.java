package dev.kindling.train.model;

import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;
import static org.bytedeco.pytorch.global.torch.from_blob;
import static org.bytedeco.pytorch.global.torch.layer_norm;
import static org.bytedeco.pytorch.global.torch.matmul;
import static org.bytedeco.pytorch.global.torch.ones;
import static org.bytedeco.pytorch.global.torch.softmax;

import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.WeightSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A model's weights as libtorch has them, in double precision, and the few formulas that all models share. */
final class TorchWeights {
  /** The summed loss, and its gradient by each weight. */
  record Result(double loss, Map<String, float[]> gradients) {
    double largestGradient() {
      return gradients.values().stream().mapToDouble(Agreement::largest).max().orElseThrow();
    }
  }

  private static final int IGNORED = -100;
  private final Map<String, Tensor> weights = new LinkedHashMap<>();

  /** What libtorch makes of a model. @param model its summed loss */
  static Result run(WeightSource source, Function<TorchWeights, Tensor> model) {
    try (PointerScope scope = new PointerScope()) {
      TorchWeights all = new TorchWeights();
      for (TensorSpec spec : source.tensors()) {
        all.weights.put(spec.name(), doubles(source.read(spec.name()), spec.shape()).set_requires_grad(true));
      }
      Tensor loss = model.apply(all);
      loss.backward();
      Map<String, float[]> gradients = new LinkedHashMap<>();
      all.weights.forEach((name, weight) -> gradients.put(name, gradient(weight)));
      return new Result(loss.item_double(), gradients);
    }
  }

  /** A weight that no label depends on, such as an expert that nothing chose, has none. */
  private static float[] gradient(Tensor weight) {
    return weight.grad().defined() ? floats(weight.grad()) : new float[(int) weight.numel()];
  }

  Tensor get(String name) {
    return weights.get(name);
  }

  /** x Wᵀ + b, where there is a b. */
  Tensor linear(Tensor x, String name) {
    Tensor y = matmul(x, get(name + ".weight").t());
    return weights.containsKey(name + ".bias") ? y.add(get(name + ".bias")) : y;
  }

  Tensor layerNorm(Tensor x, String name, double epsilon) {
    return layer_norm(x, new long[]{x.size(-1)}, new TensorOptional(get(name + ".weight")),
        new TensorOptional(get(name + ".bias")), epsilon, false);
  }

  /** x / √(mean x² + ε) · w (Zhang and Sennrich 2019, eq. 4). */
  Tensor rmsNorm(Tensor x, String name, double epsilon) {
    Tensor squares = x.mul(x).sum(new long[]{-1}, true, null).div(new Scalar((double) x.size(-1)));
    return x.div(squares.add(new Scalar(epsilon)).sqrt()).mul(get(name + ".weight"));
  }

  /** [batch, time, heads · width] → [batch, heads, time, width]. */
  static Tensor heads(Tensor x, long heads) {
    return x.view(x.size(0), x.size(1), heads, x.size(2) / heads).transpose(1, 2);
  }

  /**
   * softmax(q kᵀ · scale + bias) v, heads joined (Vaswani et al. 2017, eq. 1).
   *
   * @param bias added to the scores, or null; @param hidden 1 where a query must not look, as the scores' shape allows
   */
  static Tensor attend(Tensor q, Tensor k, Tensor v, double scale, Tensor bias, Tensor hidden) {
    Tensor scores = matmul(q, k.transpose(2, 3)).mul(new Scalar(scale));
    if (bias != null) scores = scores.add(bias);
    Tensor mixed = matmul(softmax(scores.masked_fill(hidden, new Scalar(-1e300)), -1), v);
    return mixed.transpose(1, 2).reshape(q.size(0), q.size(2), q.size(1) * v.size(3));
  }

  /** Hides what comes later, [time, time]. */
  static Tensor future(long time) {
    return ones(time, time).tril().eq(new Scalar(0.0));
  }

  /** Hides keys on padding, [rows, 1, 1, time]. */
  static Tensor padding(int rows, int time, IntUnaryOperator length) {
    float[] hidden = new float[rows * time];
    for (int i = 0; i < hidden.length; i++) hidden[i] = i % time < length.applyAsInt(i / time) ? 0 : 1;
    return doubles(hidden, rows, 1, 1, time).eq(new Scalar(1.0));
  }

  /** Summed over the labels that count. @param target of each row of logits, or -100 */
  static Tensor crossEntropy(Tensor logits, int count, IntUnaryOperator target) {
    int[] targets = new int[count];
    for (int i = 0; i < count; i++) targets[i] = target.applyAsInt(i) < 0 ? IGNORED : target.applyAsInt(i);
    long sum = 2;
    return cross_entropy_loss(logits.reshape(count, logits.size(-1)), longs(targets), new TensorOptional(), sum,
        IGNORED, 0);
  }

  static Tensor doubles(float[] values, long... shape) {
    return from_blob(new FloatPointer(values), shape).to(ScalarType.Double);
  }

  static Tensor longs(int... values) {
    long[] wide = new long[values.length];
    for (int i = 0; i < wide.length; i++) wide[i] = values[i];
    TensorOptions type = new TensorOptions(ScalarType.Long);
    return from_blob(new LongPointer(wide), new long[]{wide.length}, type).clone();
  }

  static float[] floats(Tensor values) {
    double[] doubles = new double[(int) values.numel()];
    new DoublePointer(values.contiguous().data_ptr()).get(doubles);
    float[] floats = new float[doubles.length];
    for (int i = 0; i < floats.length; i++) floats[i] = (float) doubles[i];
    return floats;
  }
}
