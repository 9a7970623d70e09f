package dev.kindling.train.model;

import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.matmul;
import static org.bytedeco.pytorch.global.torch.relu;

import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.WeightSource;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** T5, versions 1.0 and 1.1 (Raffel et al. 2020, section 2.1), in libtorch's operations and double precision. */
record TorchT5(T5Config config, TorchWeights weights) {
  static TorchWeights.Result run(T5Config config, WeightSource source, Seq2SeqBatch batch) {
    return TorchWeights.run(source, weights -> new TorchT5(config, weights).loss(batch));
  }

  Tensor loss(Seq2SeqBatch batch) {
    Tensor padding = TorchWeights.padding(batch.rows(), batch.time(), batch::length);
    Tensor encoded = stack("encoder", config.layers(), embedded(batch.inputs(), batch.rows()), padding, null, null);
    Tensor written = stack("decoder", config.decoderLayers(), embedded(batch.decoderInputs(), batch.rows()),
        TorchWeights.future(batch.targetTime()), encoded, padding);
    if (config.scaledHead()) written = written.mul(new Scalar(1 / Math.sqrt(config.width())));
    Tensor head = weights.get(config.tiedHead() ? "shared.weight" : "lm_head.weight");
    return TorchWeights.crossEntropy(matmul(written, head.t()), batch.targets().length, batch::target);
  }

  private Tensor embedded(int[] ids, int rows) {
    return embedding(weights.get("shared.weight"), TorchWeights.longs(ids).view(rows, ids.length / rows));
  }

  /** @param encoded what a decoder looks at, or null; @param padding of that */
  private Tensor stack(String name, int layers, Tensor x, Tensor hidden, Tensor encoded, Tensor padding) {
    Tensor bias = bias(name, (int) x.size(1), encoded == null);
    for (int n = 0; n < layers; n++) {
      String layer = name + ".block." + n + ".layer.";
      Tensor normed = norm(x, layer + "0.layer_norm");
      x = x.add(attention(normed, normed, layer + "0.SelfAttention.", bias, hidden));
      int last = 1;
      if (encoded != null) {
        x = x.add(attention(norm(x, layer + "1.layer_norm"), encoded, layer + "1.EncDecAttention.", null, padding));
        last = 2;
      }
      x = x.add(feedForward(norm(x, layer + last + ".layer_norm"), layer + last + ".DenseReluDense."));
    }
    return norm(x, name + ".final_layer_norm");
  }

  /** Scores are not divided by √width. */
  private Tensor attention(Tensor x, Tensor from, String name, Tensor bias, Tensor hidden) {
    Tensor q = TorchWeights.heads(weights.linear(x, name + "q"), config.heads());
    Tensor k = TorchWeights.heads(weights.linear(from, name + "k"), config.heads());
    Tensor v = TorchWeights.heads(weights.linear(from, name + "v"), config.heads());
    return weights.linear(TorchWeights.attend(q, k, v, 1, bias, hidden), name + "o");
  }

  private Tensor feedForward(Tensor x, String name) {
    Tensor inner = config.gated()
        ? gelu(weights.linear(x, name + "wi_0"), "tanh").mul(weights.linear(x, name + "wi_1"))
        : relu(weights.linear(x, name + "wi"));
    return weights.linear(inner, name + "wo");
  }

  /** [heads, time, time], by the bucket of the distance from query to key. */
  private Tensor bias(String stack, int time, boolean bidirectional) {
    int[] buckets = new int[time * time];
    for (int i = 0; i < buckets.length; i++) buckets[i] = bucket(i % time - i / time, bidirectional);
    Tensor table = weights.get(stack + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight");
    return embedding(table, TorchWeights.longs(buckets).view(time, time)).permute(2, 0, 1);
  }

  private int bucket(int after, boolean bidirectional) {
    int half = bidirectional ? config.buckets() / 2 : config.buckets();
    int side = bidirectional && after > 0 ? half : 0;
    int distance = bidirectional ? Math.abs(after) : Math.max(0, -after);
    int exact = half / 2;
    if (distance < exact) return side + distance;
    double share = Math.log((double) distance / exact) / Math.log((double) config.maxDistance() / exact);
    return side + Math.min(half - 1, exact + (int) (share * (half - exact) + 1e-6));
  }

  private Tensor norm(Tensor x, String name) {
    return weights.rmsNorm(x, name, config.layerNormEpsilon());
  }
}
