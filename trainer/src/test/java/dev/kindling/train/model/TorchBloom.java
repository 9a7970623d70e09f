package dev.kindling.train.model;

import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.matmul;

import dev.kindling.checkpoint.BloomConfig;
import dev.kindling.checkpoint.WeightSource;
import org.bytedeco.pytorch.Tensor;

/**
 * BLOOM (Le Scao et al. 2022, section 3.2) in libtorch's operations and double precision: embeddings are normed, and scores fall
 * with the distance (Press et al. 2022).
 */
record TorchBloom(BloomConfig config, TorchWeights weights) {
  static TorchWeights.Result run(BloomConfig config, WeightSource source, Batch batch) {
    return TorchWeights.run(source, weights -> new TorchBloom(config, weights).loss(batch));
  }

  private Tensor loss(Batch batch) {
    Tensor x = norm(embedding(weights.get("transformer.word_embeddings.weight"),
        TorchWeights.longs(batch.inputs()).view(batch.rows(), batch.time())), "transformer.word_embeddings_layernorm");
    Tensor bias = bias(batch.time());
    for (int n = 0; n < config.layers(); n++) {
      String layer = "transformer.h." + n + ".";
      x = x.add(attention(norm(x, layer + "input_layernorm"), layer + "self_attention.", bias));
      Tensor read = norm(x, layer + "post_attention_layernorm");
      Tensor inner = gelu(weights.linear(read, layer + "mlp.dense_h_to_4h"), "tanh");
      x = x.add(weights.linear(inner, layer + "mlp.dense_4h_to_h"));
    }
    Tensor head = weights.get(config.tiedHead() ? "transformer.word_embeddings.weight" : "lm_head.weight");
    return TorchWeights.crossEntropy(matmul(norm(x, "transformer.ln_f"), head.t()), batch.targets().length,
        batch::target);
  }

  private Tensor attention(Tensor x, String name, Tensor bias) {
    Tensor all = weights.linear(x, name + "query_key_value");
    Tensor[] parts = new Tensor[3];
    for (int i = 0; i < 3; i++) parts[i] = TorchWeights.part(all, config.heads(), i);
    double scale = 1 / Math.sqrt(config.headWidth());
    Tensor mixed = TorchWeights.attend(parts[0], parts[1], parts[2], scale, bias, TorchWeights.future(x.size(1)));
    return weights.linear(mixed, name + "dense");
  }

  /** slope · (key - query), [heads, time, time]. */
  private Tensor bias(int time) {
    float[] bias = new float[config.heads() * time * time];
    double[] slopes = slopes(config.heads());
    for (int i = 0; i < bias.length; i++) bias[i] = (float) (slopes[i / time / time] * (i % time - i / time % time));
    return TorchWeights.doubles(bias, config.heads(), time, time);
  }

  /**
   * 2^(-8/n), 2^(-16/n), .. for n heads, n a power of two; else those of the power of two below, and then the first, third, .. of
   * twice as many heads, as in the authors' code.
   */
  private static double[] slopes(int heads) {
    double[] slopes = new double[heads];
    int below = 1;
    while (2 * below <= heads) below *= 2;
    for (int h = 0; h < below; h++) slopes[h] = Math.pow(2, -8.0 / below * (h + 1));
    double[] finer = below < heads ? slopes(2 * below) : slopes;
    for (int h = below; h < heads; h++) slopes[h] = finer[2 * (h - below)];
    return slopes;
  }

  private Tensor norm(Tensor x, String name) {
    return weights.layerNorm(x, name, config.normEpsilon());
  }
}
