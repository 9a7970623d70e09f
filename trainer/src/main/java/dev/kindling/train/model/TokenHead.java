package dev.kindling.train.model;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.BertFamily;
import dev.kindling.train.autodiff.Convert;
import dev.kindling.train.autodiff.Dropout;
import dev.kindling.train.autodiff.LabelledLoss;
import dev.kindling.train.autodiff.TakeRows;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.kernel.LabelLoss;
import dev.kindling.train.nn.Initial;
import dev.kindling.train.nn.Linear;
import dev.kindling.train.nn.Weights;
import dev.kindling.train.tensor.Tensor;

/** One of the labels for each token (Devlin et al. 2019, section 5.3): logits = h W + b. */
final class TokenHead implements EncoderHead {
  private final Linear out;
  private final int labels;
  private final float dropout;

  TokenHead(BertConfig config, Weights weights) {
    labels = config.labels().size();
    dropout = config.kind() == BertFamily.DISTILBERT ? config.dropout().residual() : config.dropout().ofLabels();
    out = Linear.labels(weights.under(config.labelsMatrix()), config.width(), labels,
        new Initial.Normal(config.initializerRange()));
  }

  private Value logits(Value h) {
    return out.forwardToResidual(Dropout.of(Convert.of(h, h.tape().stored()), dropout));
  }

  @Override
  public Tensor logits(Tape tape, Value h, EncoderBatch batch) {
    return logits(h).data();
  }

  @Override
  public Tensor losses(Tape tape, Value h, EncoderBatch batch) {
    int[] places = EncoderHead.counting(batch);
    int[] targets = EncoderHead.targets(batch, places, labels);
    Value counting = TakeRows.of(h, tape.integers(places, places.length));
    return LabelledLoss.of(LabelLoss.ONE_OF, logits(counting), tape.integers(targets, targets.length));
  }
}
