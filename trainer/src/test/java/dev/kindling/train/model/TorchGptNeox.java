package dev.kindling.train.model;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.matmul;

import dev.kindling.checkpoint.GptNeoxConfig;
import dev.kindling.checkpoint.WeightSource;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/**
 * GPT-NeoX (Black et al. 2022, section 2.1) in libtorch's operations and double precision: both branches read the same stream, and
 * the first dimensions of a head are turned.
 */
record TorchGptNeox(GptNeoxConfig config, TorchWeights weights) {
  static TorchWeights.Result run(GptNeoxConfig config, WeightSource source, Batch batch) {
    return TorchWeights.run(source, weights -> new TorchGptNeox(config, weights).loss(batch));
  }

  private Tensor loss(Batch batch) {
    Tensor x = embedding(weights.get("gpt_neox.embed_in.weight"),
        TorchWeights.longs(batch.inputs()).view(batch.rows(), batch.time()));
    for (int n = 0; n < config.layers(); n++) {
      String layer = "gpt_neox.layers." + n + ".";
      Tensor looked = x.add(attention(norm(x, layer + "input_layernorm"), layer + "attention."));
      Tensor read = norm(config.parallel() ? x : looked, layer + "post_attention_layernorm");
      Tensor inner = gelu(weights.linear(read, layer + "mlp.dense_h_to_4h"), "none");
      x = looked.add(weights.linear(inner, layer + "mlp.dense_4h_to_h"));
    }
    Tensor head = weights.get(config.tiedHead() ? "gpt_neox.embed_in.weight" : "embed_out.weight");
    return TorchWeights.crossEntropy(matmul(norm(x, "gpt_neox.final_layer_norm"), head.t()), batch.targets().length,
        batch::target);
  }

  private Tensor attention(Tensor x, String name) {
    Tensor all = weights.linear(x, name + "query_key_value");
    Tensor q = turned(TorchWeights.part(all, config.heads(), 0));
    Tensor k = turned(TorchWeights.part(all, config.heads(), 1));
    Tensor v = TorchWeights.part(all, config.heads(), 2);
    double scale = 1 / Math.sqrt(config.headWidth());
    return weights.linear(TorchWeights.attend(q, k, v, scale, null, TorchWeights.future(x.size(1))), name + "dense");
  }

  private Tensor turned(Tensor x) {
    long turned = Math.round(config.headWidth() * config.rope().share());
    Tensor first = TorchWeights.rotated(x.narrow(3, 0, turned), config.rope().theta());
    return cat(new TensorVector(first, x.narrow(3, turned, config.headWidth() - turned)), 3);
  }

  private Tensor norm(Tensor x, String name) {
    return weights.layerNorm(x, name, config.normEpsilon());
  }
}
