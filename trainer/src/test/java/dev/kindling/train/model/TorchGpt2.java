package dev.kindling.train.model;

import static org.bytedeco.pytorch.global.torch.cross_entropy_loss;
import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.from_blob;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.layer_norm;
import static org.bytedeco.pytorch.global.torch.matmul;
import static org.bytedeco.pytorch.global.torch.ones;
import static org.bytedeco.pytorch.global.torch.softmax;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.WeightSource;
import java.util.LinkedHashMap;
import java.util.Map;
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

/** GPT-2 once more, in libtorch's operations and double precision: the loss and the gradients that ours must have. */
final class TorchGpt2 {
  /** The summed loss, and its gradient by each weight. */
  record Result(double loss, Map<String, float[]> gradients) {
    double largestGradient() {
      return gradients.values().stream().mapToDouble(Agreement::largest).max().orElseThrow();
    }
  }

  private final Gpt2Config config;
  private final Map<String, Tensor> weights = new LinkedHashMap<>();

  private TorchGpt2(Gpt2Config config) {
    this.config = config;
  }

  static Result run(Gpt2Config config, WeightSource source, Batch batch) {
    try (PointerScope scope = new PointerScope()) {
      TorchGpt2 model = new TorchGpt2(config);
      for (TensorSpec spec : source.tensors()) {
        model.weights.put(spec.name(), doubles(source.read(spec.name()), spec.shape()).set_requires_grad(true));
      }
      Tensor loss = model.loss(batch);
      loss.backward();
      Map<String, float[]> gradients = new LinkedHashMap<>();
      model.weights.forEach((name, weight) -> gradients.put(name, floats(weight.grad())));
      return new Result(loss.item_double(), gradients);
    }
  }

  private Tensor loss(Batch batch) {
    long time = batch.time();
    Tensor x = embedding(weight("transformer.wte"), longs(batch.inputs()).view(batch.rows(), time))
        .add(weight("transformer.wpe").slice(0, new LongOptional(0),
            new LongOptional(time), 1));
    for (int layer = 0; layer < config.layers(); layer++) {
      String block = "transformer.h." + layer;
      x = x.add(attention(norm(x, block + ".ln_1"), block + ".attn", batch.rows(), time));
      Tensor inner = gelu(linear(norm(x, block + ".ln_2"), block + ".mlp.c_fc"), "tanh");
      x = x.add(linear(inner, block + ".mlp.c_proj"));
    }
    Tensor head = weight(config.tiedHead() ? "transformer.wte" : "lm_head");
    Tensor logits = matmul(norm(x, "transformer.ln_f"), head.t()).view(-1, config.vocabularySize());
    long sum = 2;
    return cross_entropy_loss(logits, longs(batch.targets()), new TensorOptional(), sum, -100, 0);
  }

  private Tensor attention(Tensor x, String name, long batch, long time) {
    long heads = config.heads();
    long headDim = config.width() / heads;
    TensorVector parts = linear(x, name + ".c_attn").split(config.width(), 2);
    Tensor[] qkv = new Tensor[3];
    for (int i = 0; i < 3; i++) qkv[i] = parts.get(i).view(batch, time, heads, headDim).transpose(1, 2);
    Tensor scores = matmul(qkv[0], qkv[1].transpose(2, 3)).mul(new Scalar(1 / Math.sqrt(headDim)));
    Tensor future = ones(time, time).tril().eq(new Scalar(0.0));
    Tensor attended = matmul(softmax(scores.masked_fill(future, new Scalar(-1e300)), -1), qkv[2]);
    return linear(attended.transpose(1, 2).reshape(batch, time, config.width()), name + ".c_proj");
  }

  private Tensor linear(Tensor x, String name) {
    return matmul(x, weight(name)).add(weights.get(name + ".bias"));
  }

  private Tensor norm(Tensor x, String name) {
    return layer_norm(x, new long[]{config.width()}, new TensorOptional(weight(name)),
        new TensorOptional(weights.get(name + ".bias")), config.layerNormEpsilon(), false);
  }

  private Tensor weight(String name) {
    return weights.get(name + ".weight");
  }

  private static Tensor doubles(float[] values, long... shape) {
    return from_blob(new FloatPointer(values), shape).to(ScalarType.Double);
  }

  private static Tensor longs(int[] values) {
    long[] wide = new long[values.length];
    for (int i = 0; i < wide.length; i++) wide[i] = values[i];
    TensorOptions type = new TensorOptions(ScalarType.Long);
    return from_blob(new LongPointer(wide), new long[]{wide.length}, type).clone();
  }

  private static float[] floats(Tensor values) {
    double[] doubles = new double[(int) values.numel()];
    new DoublePointer(values.contiguous().data_ptr()).get(doubles);
    float[] floats = new float[doubles.length];
    for (int i = 0; i < floats.length; i++) floats[i] = (float) doubles[i];
    return floats;
  }
}
