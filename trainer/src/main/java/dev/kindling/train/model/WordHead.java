package dev.kindling.train.model;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.BertFamily;
import dev.kindling.train.autodiff.Activate;
import dev.kindling.train.autodiff.Convert;
import dev.kindling.train.autodiff.CrossEntropy;
import dev.kindling.train.autodiff.TakeRows;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.autodiff.Weight;
import dev.kindling.train.kernel.Activation;
import dev.kindling.train.kernel.Norm;
import dev.kindling.train.nn.Initial;
import dev.kindling.train.nn.Linear;
import dev.kindling.train.nn.RowNorm;
import dev.kindling.train.nn.Weights;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;

/**
 * Which word stood where (Devlin et al. 2019, appendix A.1): logits = norm(activation(h W + b)) Eᵀ + c, with E the word
 * embedding where the two are tied. A loss is computed for the positions that count only.
 */
final class WordHead implements EncoderHead {
  private final Linear dense;
  private final Activation activation;
  private final RowNorm norm;
  private final Weight decoder;
  private final Weight bias;

  /** @param words the embedding, where the decoder is tied to it */
  WordHead(BertConfig config, Weights weights, Weight words) {
    BertFamily.WordHead names = config.kind().wordHead();
    Initial initial = new Initial.Normal(config.initializerRange());
    dense = Linear.of(weights.under(names.dense()), Linear.Form.TORCH, config.width(), config.width(), initial);
    activation = Decoders.kernel(config.activation());
    norm = RowNorm.of(weights.under(names.norm()), Norm.layer(config.layerNormEpsilon()), config.width());
    bias = weights.vector(config.wordBias(), config.vocabularySize(), Initial.ZERO);
    decoder = config.tiedHead()
        ? words
        : weights.head(names.decoder() + ".weight", config.vocabularySize(), config.width(), initial);
  }

  private Value transformed(Value h) {
    Value x = Activate.of(activation, dense.forward(Convert.of(h, h.tape().stored())));
    return norm.forward(x, x.type());
  }

  @Override
  public Tensor logits(Tape tape, Value h, EncoderBatch batch) {
    Tensor x = transformed(h).data();
    Tensor logits = tape.take(DType.FLOAT32, x.rows(), bias.value().size());
    tape.kernels().linear(x, decoder.packed(), bias.value(), logits);
    return logits;
  }

  @Override
  public Tensor losses(Tape tape, Value h, EncoderBatch batch) {
    int[] places = EncoderHead.counting(batch);
    int[] targets = EncoderHead.targets(batch, places, Math.toIntExact(bias.value().size()));
    Value counting = TakeRows.of(h, tape.integers(places, places.length));
    return CrossEntropy.of(transformed(counting), decoder, bias, 0, tape.integers(targets, targets.length));
  }
}
