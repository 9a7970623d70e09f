package dev.kindling.train.model;

import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.matmul;
import static org.bytedeco.pytorch.global.torch.silu;
import static org.bytedeco.pytorch.global.torch.softmax;

import dev.kindling.checkpoint.Experts;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.WeightSource;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Llama, Mistral and Mixtral in libtorch's operations and double precision: RMSNorm, rotary positions, grouped heads and SwiGLU
 * (Touvron et al. 2023, section 2.2), a window where a layer has one (Jiang et al. 2023, section 2), and experts that are all asked
 * and weighted with zero where they were not chosen.
 */
final class TorchLlama {
  private final LlamaConfig config;
  private final TorchWeights weights;
  private final Batch batch;
  /** Of each layer of experts, [positions, experts]: logits, probabilities, and 1 where one was chosen. */
  private final List<Tensor> routers = new ArrayList<>();
  private final List<Tensor> probabilities = new ArrayList<>();
  private final List<float[]> choices = new ArrayList<>();

  private TorchLlama(LlamaConfig config, TorchWeights weights, Batch batch) {
    this.config = config;
    this.weights = weights;
    this.batch = batch;
  }

  static TorchWeights.Result run(LlamaConfig config, WeightSource source, Batch batch) {
    return TorchWeights.run(source, weights -> new TorchLlama(config, weights, batch).loss());
  }

  private Tensor loss() {
    Tensor x = embedding(weights.get("model.embed_tokens.weight"),
        TorchWeights.longs(batch.inputs()).view(batch.rows(), batch.time()));
    for (int n = 0; n < config.layers(); n++) {
      String layer = "model.layers." + n;
      Tensor hidden = TorchWeights.outside(config.attention().windows().get(n), batch.time());
      x = x.add(attention(norm(x, layer + ".input_layernorm"), layer + ".self_attn.", hidden));
      Tensor normed = norm(x, layer + ".post_attention_layernorm");
      x = x.add(config.experts() == null
          ? swiGlu(normed, layer + ".mlp.gate_proj", layer + ".mlp.up_proj", layer + ".mlp.down_proj")
          : mixture(normed, layer + ".block_sparse_moe."));
    }
    Tensor head = weights.get(config.tiedHead() ? "model.embed_tokens.weight" : "lm_head.weight");
    Tensor loss = TorchWeights.crossEntropy(matmul(norm(x, "model.norm"), head.t()), batch.targets().length,
        batch::target);
    return config.experts() == null ? loss : loss.add(balance(config.experts())).add(loudness(config.experts()));
  }

  private Tensor attention(Tensor x, String name, Tensor hidden) {
    int heads = config.heads();
    int groups = config.keyValueHeads();
    double theta = config.rope().theta();
    Tensor q = TorchWeights.rotated(TorchWeights.heads(weights.linear(x, name + "q_proj"), heads), theta);
    Tensor k = TorchWeights.rotated(TorchWeights.heads(weights.linear(x, name + "k_proj"), groups), theta);
    Tensor v = TorchWeights.heads(weights.linear(x, name + "v_proj"), groups);
    Tensor mixed = TorchWeights.attend(q, TorchWeights.shared(k, heads / groups),
        TorchWeights.shared(v, heads / groups), 1 / Math.sqrt(config.attention().width()), null, hidden);
    return weights.linear(mixed, name + "o_proj");
  }

  private Tensor swiGlu(Tensor x, String gate, String up, String down) {
    return weights.linear(silu(weights.linear(x, gate)).mul(weights.linear(x, up)), down);
  }

  /** (Jiang et al. 2024, section 2.1) */
  private Tensor mixture(Tensor x, String name) {
    Experts experts = config.experts();
    int positions = batch.inputs().length;
    Tensor logits = weights.linear(x, name + "gate").view(positions, experts.count());
    float[] chosen = largest(TorchWeights.floats(logits.detach()), experts);
    routers.add(logits);
    probabilities.add(softmax(logits, -1));
    choices.add(chosen);
    Tensor left = TorchWeights.doubles(chosen, positions, experts.count()).eq(new Scalar(0.0));
    Tensor share = softmax(logits.masked_fill(left, new Scalar(-1e300)), -1);
    Tensor sum = null;
    for (int e = 0; e < experts.count(); e++) {
      String expert = name + "experts." + e + ".";
      Tensor said = swiGlu(x, expert + "w1", expert + "w3", expert + "w2").view(positions, config.width())
          .mul(share.narrow(1, e, 1));
      sum = sum == null ? said : sum.add(said);
    }
    return sum.view(batch.rows(), batch.time(), config.width());
  }

  /** 1 at the k largest of each row. */
  private static float[] largest(float[] logits, Experts experts) {
    float[] chosen = new float[logits.length];
    for (int i = 0; i < logits.length; i++) {
      int row = i / experts.count() * experts.count();
      int larger = 0;
      for (int e = row; e < row + experts.count(); e++) if (logits[e] > logits[i]) larger++;
      chosen[i] = larger < experts.perToken() ? 1 : 0;
    }
    return chosen;
  }

  /** experts · Σ C[e]/N · P[e]/N over the N rows of all layers that are no padding (Fedus et al. 2021, eq. 4-6). */
  private Tensor balance(Experts experts) {
    float[] counts = counts();
    float[] count = new float[experts.count()];
    Tensor mass = null;
    for (int layer = 0; layer < choices.size(); layer++) {
      for (int i = 0; i < counts.length; i++) {
        for (int e = 0; e < count.length; e++) count[e] += counts[i] * choices.get(layer)[i * count.length + e];
      }
      Tensor summed = probabilities.get(layer).mul(TorchWeights.doubles(counts, counts.length, 1)).sum(0);
      mass = mass == null ? summed : mass.add(summed);
    }
    double rows = rows(counts);
    double factor = rows == 0 ? 0 : batch.labels() * (double) experts.balance() * experts.count() / (rows * rows);
    return mass.mul(TorchWeights.doubles(count, count.length)).sum().mul(new Scalar(factor));
  }

  /** Σ (log Σ exp(logits))² / N over the same rows (Zoph et al. 2022, eq. 5). */
  private Tensor loudness(Experts experts) {
    float[] counts = counts();
    Tensor squares = null;
    for (Tensor logits : routers) {
      Tensor logSum = logits.exp().sum(1).log();
      Tensor summed = logSum.mul(logSum).mul(TorchWeights.doubles(counts, counts.length)).sum();
      squares = squares == null ? summed : squares.add(summed);
    }
    double rows = rows(counts);
    return squares.mul(new Scalar(rows == 0 ? 0 : batch.labels() * (double) experts.zLoss() / rows));
  }

  /** 1 where a position is no padding. */
  private float[] counts() {
    float[] counts = new float[batch.inputs().length];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = batch.lengths() == null || i % batch.time() < batch.lengths()[i / batch.time()] ? 1 : 0;
    }
    return counts;
  }

  /** Of all layers. */
  private double rows(float[] counts) {
    double rows = 0;
    for (float one : counts) rows += one;
    return rows * routers.size();
  }

  private Tensor norm(Tensor x, String name) {
    return weights.rmsNorm(x, name, config.normEpsilon());
  }
}
