package dev.kindling.train.model;

import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.matmul;

import dev.kindling.checkpoint.HeadShape;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.WeightSource;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Gemma 2 (Riviere et al. 2024, section 2) in libtorch's operations and double precision: embeddings times √width, scores and logits
 * capped, a window in every other layer, norms of 1 + weight before and after each branch.
 */
record TorchGemma2(LlamaConfig config, TorchWeights weights) {
  static TorchWeights.Result run(LlamaConfig config, WeightSource source, Batch batch) {
    return TorchWeights.run(source, weights -> new TorchGemma2(config, weights).loss(batch));
  }

  private Tensor loss(Batch batch) {
    Tensor x = embedding(weights.get("model.embed_tokens.weight"),
        TorchWeights.longs(batch.inputs()).view(batch.rows(), batch.time())).mul(new Scalar(Math.sqrt(config.width())));
    for (int n = 0; n < config.layers(); n++) {
      String layer = "model.layers." + n + ".";
      Tensor hidden = TorchWeights.outside(config.attention().windows().get(n), batch.time());
      Tensor looked = attention(norm(x, layer + "input_layernorm"), layer + "self_attn.", hidden);
      x = x.add(norm(looked, layer + "post_attention_layernorm"));
      Tensor said = feedForward(norm(x, layer + "pre_feedforward_layernorm"), layer + "mlp.");
      x = x.add(norm(said, layer + "post_feedforward_layernorm"));
    }
    Tensor head = weights.get(config.tiedHead() ? "model.embed_tokens.weight" : "lm_head.weight");
    Tensor logits = TorchWeights.capped(matmul(norm(x, "model.norm"), head.t()), config.logitSoftcap());
    return TorchWeights.crossEntropy(logits, batch.targets().length, batch::target);
  }

  private Tensor attention(Tensor x, String name, Tensor hidden) {
    HeadShape shape = config.attention();
    int times = shape.heads() / shape.keyValueHeads();
    double theta = config.rope().theta();
    Tensor q = TorchWeights.rotated(TorchWeights.heads(weights.linear(x, name + "q_proj"), shape.heads()), theta);
    Tensor k = TorchWeights.rotated(TorchWeights.heads(weights.linear(x, name + "k_proj"), shape.keyValueHeads()),
        theta);
    Tensor v = TorchWeights.heads(weights.linear(x, name + "v_proj"), shape.keyValueHeads());
    Tensor scores = matmul(q, TorchWeights.shared(k, times).transpose(2, 3)).div(new Scalar(Math.sqrt(shape.scalar())));
    Tensor mixed = TorchWeights.mix(TorchWeights.capped(scores, shape.softcap()), TorchWeights.shared(v, times),
        hidden);
    return weights.linear(mixed, name + "o_proj");
  }

  private Tensor feedForward(Tensor x, String name) {
    Tensor gate = gelu(weights.linear(x, name + "gate_proj"), "tanh");
    return weights.linear(gate.mul(weights.linear(x, name + "up_proj")), name + "down_proj");
  }

  /** x / √(mean x² + ε) · (1 + w). */
  private Tensor norm(Tensor x, String name) {
    return TorchWeights.rmsNorm(x, weights.get(name + ".weight").add(new Scalar(1.0)), config.normEpsilon());
  }
}
