package dev.kindling.train.model;

import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.matmul;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.WeightSource;
import org.bytedeco.pytorch.Tensor;

/** BERT's masked words (Devlin et al. 2019) in libtorch's operations and double precision. */
record TorchBert(BertConfig config, TorchWeights weights) {
  static TorchWeights.Result run(BertConfig config, WeightSource source, EncoderBatch batch) {
    return TorchWeights.run(source, weights -> new TorchBert(config, weights).loss(batch));
  }

  private Tensor loss(EncoderBatch batch) {
    int time = batch.time();
    String embeddings = "bert.embeddings.";
    Tensor x = embedding(weights.get(embeddings + "word_embeddings.weight"),
        TorchWeights.longs(batch.inputs()).view(batch.rows(), time))
        .add(weights.get(embeddings + "position_embeddings.weight").narrow(0, 0, time))
        .add(embedding(weights.get(embeddings + "token_type_embeddings.weight"),
            TorchWeights.longs(batch.tokenTypes()).view(batch.rows(), time)));
    x = norm(x, embeddings + "LayerNorm");
    Tensor hidden = TorchWeights.padding(batch.rows(), time, batch::length);
    for (int n = 0; n < config.layers(); n++) {
      String layer = "bert.encoder.layer." + n + ".";
      x = norm(x.add(attention(x, layer + "attention.", hidden)), layer + "attention.output.LayerNorm");
      Tensor inner = gelu(weights.linear(x, layer + "intermediate.dense"), "none");
      x = norm(x.add(weights.linear(inner, layer + "output.dense")), layer + "output.LayerNorm");
    }
    String head = "cls.predictions.";
    Tensor read = norm(gelu(weights.linear(x, head + "transform.dense"), "none"), head + "transform.LayerNorm");
    String decoder = config.tiedHead() ? embeddings + "word_embeddings.weight" : head + "decoder.weight";
    return TorchWeights.crossEntropy(matmul(read, weights.get(decoder).t()).add(weights.get(config.wordBias())),
        batch.inputs().length, batch::target);
  }

  private Tensor attention(Tensor x, String name, Tensor hidden) {
    Tensor q = TorchWeights.heads(weights.linear(x, name + "self.query"), config.heads());
    Tensor k = TorchWeights.heads(weights.linear(x, name + "self.key"), config.heads());
    Tensor v = TorchWeights.heads(weights.linear(x, name + "self.value"), config.heads());
    double scale = 1 / Math.sqrt(config.headWidth());
    return weights.linear(TorchWeights.attend(q, k, v, scale, null, hidden), name + "output.dense");
  }

  private Tensor norm(Tensor x, String name) {
    return weights.layerNorm(x, name, config.layerNormEpsilon());
  }
}
