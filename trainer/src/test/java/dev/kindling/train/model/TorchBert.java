package dev.kindling.train.model;

import static org.bytedeco.pytorch.global.torch.embedding;
import static org.bytedeco.pytorch.global.torch.gelu;
import static org.bytedeco.pytorch.global.torch.matmul;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.WeightSource;
import org.bytedeco.pytorch.Tensor;

/**
 * BERT (Devlin et al. 2019) in libtorch's operations and double precision, with masked words or labels as its task: of single labels
 * the cross-entropy, of any labels the binary one of each, of numbers the square.
 */
record TorchBert(BertConfig config, TorchWeights weights) {
  static TorchWeights.Result run(BertConfig config, WeightSource source, EncoderBatch batch) {
    return TorchWeights.run(source, weights -> new TorchBert(config, weights).loss(batch));
  }

  private Tensor loss(EncoderBatch batch) {
    Tensor x = encoded(batch);
    return switch (config.task()) {
      case MASKED_WORDS -> TorchWeights.crossEntropy(words(x), batch.inputs().length, batch::target);
      case CLASSIFY_TOKENS -> TorchWeights.crossEntropy(weights.linear(x, "classifier"), batch.inputs().length,
          batch::target);
      case CLASSIFY -> TorchWeights.crossEntropy(ofTexts(x), batch.rows(), batch::target);
      default -> scored(ofTexts(x), batch);
    };
  }

  private Tensor encoded(EncoderBatch batch) {
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
    return x;
  }

  private Tensor words(Tensor x) {
    String head = "cls.predictions.";
    Tensor read = norm(gelu(weights.linear(x, head + "transform.dense"), "none"), head + "transform.LayerNorm");
    Tensor decoder = weights
        .get(config.tiedHead() ? "bert.embeddings.word_embeddings.weight" : head + "decoder.weight");
    return matmul(read, decoder.t()).add(weights.get(config.wordBias()));
  }

  /** Read off the first token (section 4.1), [rows, labels]. */
  private Tensor ofTexts(Tensor x) {
    return weights.linear(weights.linear(x.select(1, 0), "bert.pooler.dense").tanh(), "classifier");
  }

  /** -t log σ(z) - (1 - t) log(1 - σ(z)), which is log(1 + exp z) - t z; or (z - t)². Summed over the labels that count. */
  private Tensor scored(Tensor z, EncoderBatch batch) {
    float[] scores = new float[batch.scores().length], counts = new float[scores.length];
    for (int i = 0; i < scores.length; i++) {
      if (batch.length(i / config.labels().size()) == 0 || Float.isNaN(batch.scores()[i])) continue;
      scores[i] = batch.scores()[i];
      counts[i] = 1;
    }
    Tensor t = TorchWeights.doubles(scores, z.size(0), z.size(1));
    Tensor losses = config.task() == EncoderTask.CLASSIFY_MANY
        ? z.exp().log1p().sub(t.mul(z))
        : z.sub(t).mul(z.sub(t));
    return losses.mul(TorchWeights.doubles(counts, z.size(0), z.size(1))).sum();
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
