package dev.kindling.train.model;

import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.matmul;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.WeightSource;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/** GPT-2 once more, in libtorch's operations and double precision: the loss and the gradients that ours must have. */
record TorchGpt2(Gpt2Config config, TorchWeights weights) {
  static TorchWeights.Result run(Gpt2Config config, WeightSource source, Batch batch) {
    return TorchWeights.run(source, weights -> new TorchGpt2(config, weights).loss(batch));
  }

  private Tensor loss(Batch batch) {
    long time = batch.time();
    Tensor x = embedding(weights.get("transformer.wte.weight"),
        TorchWeights.longs(batch.inputs()).view(batch.rows(), time))
        .add(weights.get("transformer.wpe.weight").slice(0, new LongOptional(0), new LongOptional(time), 1));
    for (int layer = 0; layer < config.layers(); layer++) {
      String block = "transformer.h." + layer;
      x = x.add(attention(norm(x, block + ".ln_1"), block + ".attn"));
      Tensor inner = gelu(linear(norm(x, block + ".ln_2"), block + ".mlp.c_fc"), "tanh");
      x = x.add(linear(inner, block + ".mlp.c_proj"));
    }
    Tensor head = weights.get(config.tiedHead() ? "transformer.wte.weight" : "lm_head.weight");
    return TorchWeights.crossEntropy(matmul(norm(x, "transformer.ln_f"), head.t()), batch.targets().length,
        batch::target);
  }

  private Tensor attention(Tensor x, String name) {
    TensorVector parts = linear(x, name + ".c_attn").split(config.width(), 2);
    Tensor[] qkv = new Tensor[3];
    for (int i = 0; i < 3; i++) qkv[i] = TorchWeights.heads(parts.get(i), config.heads());
    double scale = 1 / Math.sqrt((double) config.width() / config.heads());
    return linear(TorchWeights.attend(qkv[0], qkv[1], qkv[2], scale, null, TorchWeights.future(x.size(1))),
        name + ".c_proj");
  }

  /** GPT-2's matrices are stored [in, out]. */
  private Tensor linear(Tensor x, String name) {
    return matmul(x, weights.get(name + ".weight")).add(weights.get(name + ".bias"));
  }

  private Tensor norm(Tensor x, String name) {
    return weights.layerNorm(x, name, config.layerNormEpsilon());
  }
}
