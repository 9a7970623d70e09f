package dev.kindling.train.model;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;
import static org.bytedeco.pytorch.global.torch.from_blob;
import static org.bytedeco.pytorch.global.torch.layer_norm;
import static org.bytedeco.pytorch.global.torch.matmul;
import static org.bytedeco.pytorch.global.torch.ones;
import static org.bytedeco.pytorch.global.torch.softmax;

import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.WeightSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A model's weights as libtorch has them, in double precision, and the few formulas that all models share. */
final class TorchWeights {
  /** The summed loss, and its gradient by each weight. */
  record Result(double loss, Map<String, float[]> gradients) {
    double largestGradient() {
      return gradients.values().stream().mapToDouble(Agreement::largest).max().orElseThrow();
    }

    /** Holds a model to it. */
    <B extends MicroBatch> void check(TrainableModel<B> model, B batch) {
      Computed found = Computed.of(model, null, List.of(batch));
      Agreement.FLOAT32.check("loss", found.loss(), loss);
      for (Parameter p : model.layout().parameters()) {
        Agreement.FLOAT32.check(p.name(), found.gradient(p), gradients.get(p.name()), largestGradient());
      }
    }
  }

  private static final int IGNORED = -100;
  private final Map<String, Tensor> weights = new LinkedHashMap<>();

  /** What libtorch makes of a model. @param model its summed loss */
  static Result run(WeightSource source, Function<TorchWeights, Tensor> model) {
    try (PointerScope scope = new PointerScope()) {
      TorchWeights all = of(source);
      Tensor loss = model.apply(all);
      loss.backward();
      Map<String, float[]> gradients = new LinkedHashMap<>();
      all.weights.forEach((name, weight) -> gradients.put(name, gradient(weight)));
      return new Result(loss.item_double(), gradients);
    }
  }

  static TorchWeights of(WeightSource source) {
    TorchWeights all = new TorchWeights();
    for (TensorSpec spec : source.tensors()) {
      all.weights.put(spec.name(), doubles(source.read(spec.name()), spec.shape()).set_requires_grad(true));
    }
    return all;
  }

  /** By name. */
  Map<String, Tensor> all() {
    return weights;
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

  Tensor rmsNorm(Tensor x, String name, double epsilon) {
    return rmsNorm(x, get(name + ".weight"), epsilon);
  }

  /** x / √(mean x² + ε) · w (Zhang and Sennrich 2019, eq. 4). */
  static Tensor rmsNorm(Tensor x, Tensor weight, double epsilon) {
    Tensor squares = x.mul(x).sum(new long[]{-1}, true, null).div(new Scalar((double) x.size(-1)));
    return x.div(squares.add(new Scalar(epsilon)).sqrt()).mul(weight);
  }

  /** [batch, time, heads · width] → [batch, heads, time, width]. */
  static Tensor heads(Tensor x, long heads) {
    return x.view(x.size(0), x.size(1), heads, x.size(2) / heads).transpose(1, 2);
  }

  /** Queries, keys or values where all three of a head stand side by side, head by head. @param part 0, 1 or 2 */
  static Tensor part(Tensor x, long heads, int part) {
    long width = x.size(2) / heads / 3;
    return heads(x, heads).narrow(3, part * width, width);
  }

  /** Each key and value head stands for so many heads of queries, side by side (Ainslie et al. 2023). */
  static Tensor shared(Tensor x, long times) {
    return x.repeat_interleave(times, new LongOptional(1), new LongOptional());
  }

  /** The pair (x[i], x[i + d/2]) turned by position · θ^(-2i/d) (Su et al. 2021, eq. 34, pairs as Llama's files have them). */
  static Tensor rotated(Tensor x, double theta) {
    int time = (int) x.size(2);
    int half = (int) x.size(3) / 2;
    float[] cosines = new float[time * half], sines = new float[time * half];
    for (int i = 0; i < cosines.length; i++) {
      double angle = i / half * Math.pow(theta, -(double) (i % half) / half);
      cosines[i] = (float) Math.cos(angle);
      sines[i] = (float) Math.sin(angle);
    }
    Tensor cos = doubles(cosines, time, half), sin = doubles(sines, time, half);
    Tensor first = x.narrow(3, 0, half), second = x.narrow(3, half, half);
    return cat(new TensorVector(first.mul(cos).sub(second.mul(sin)), second.mul(cos).add(first.mul(sin))), 3);
  }

  /**
   * softmax(q kᵀ · scale + bias) v, heads joined (Vaswani et al. 2017, eq. 1).
   *
   * @param bias added to the scores, or null; @param hidden 1 where a query must not look, as the scores' shape allows
   */
  static Tensor attend(Tensor q, Tensor k, Tensor v, double scale, Tensor bias, Tensor hidden) {
    Tensor scores = matmul(q, k.transpose(2, 3)).mul(new Scalar(scale));
    return mix(bias == null ? scores : scores.add(bias), v, hidden);
  }

  /** softmax(scores) v, heads joined. */
  static Tensor mix(Tensor scores, Tensor v, Tensor hidden) {
    Tensor mixed = matmul(softmax(scores.masked_fill(hidden, new Scalar(-1e300)), -1), v);
    return mixed.transpose(1, 2).reshape(v.size(0), scores.size(2), v.size(1) * v.size(3));
  }

  /** c tanh(x / c) (Riviere et al. 2024, section 2). */
  static Tensor capped(Tensor x, double cap) {
    return x.div(new Scalar(cap)).tanh().mul(new Scalar(cap));
  }

  /** Hides what comes later, [time, time]. */
  static Tensor future(long time) {
    return outside(0, time);
  }

  /** Hides what comes later or is not among the last tokens of a window, [time, time]. @param window 0: none */
  static Tensor outside(long window, long time) {
    Tensor seen = ones(time, time).tril();
    return (window == 0 ? seen : seen.triu(1 - window)).eq(new Scalar(0.0));
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
