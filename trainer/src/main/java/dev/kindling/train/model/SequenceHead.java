package dev.kindling.train.model;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.BertFamily;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.train.autodiff.Activate;
import dev.kindling.train.autodiff.Convert;
import dev.kindling.train.autodiff.Dropout;
import dev.kindling.train.autodiff.LabelledLoss;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.kernel.Activation;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.LabelLoss;
import dev.kindling.train.nn.Initial;
import dev.kindling.train.nn.Linear;
import dev.kindling.train.nn.Weights;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;

/**
 * Labels or numbers for a text as a whole, read off its first token (Devlin et al. 2019, section 4.1): logits = a(h₀ W + b) W' +
 * b', a being tanh, or ReLU in DistilBERT.
 */
final class SequenceHead implements EncoderHead {
  private final Linear dense;
  private final Activation activation;
  private final Linear out;
  private final EncoderTask task;
  private final int labels;
  private final float firstDropout;              // of what is read: in RoBERTa
  private final float dropout;

  /** @param weights whose names begin where the family's head's do */
  SequenceHead(BertConfig config, Weights weights) {
    BertFamily.ClassHead names = config.kind().classHead();
    Initial initial = new Initial.Normal(config.initializerRange());
    task = config.task();
    labels = config.labels().size();
    dense = Linear.of(weights.under(names.dense()), Linear.Form.TORCH, config.width(), config.width(), initial);
    activation = switch (names.activation()) {
      case TANH -> Activation.TANH;
      case RELU -> Activation.RELU;
    };
    dropout = config.dropout().ofLabels();
    firstDropout = config.kind() == BertFamily.ROBERTA ? dropout : 0;
    out = Linear.labels(weights.under(config.labelsMatrix()), config.width(), labels, initial);
  }

  private Value logits(Value h, EncoderBatch batch) {
    Value first = Convert.of(EncoderModel.pooled(h, batch, Pooling.FIRST), h.tape().stored());
    Value inner = Activate.of(activation, dense.forward(Dropout.of(first, firstDropout)));
    return out.forwardToResidual(Dropout.of(inner, dropout));
  }

  @Override
  public Tensor logits(Tape tape, Value h, EncoderBatch batch) {
    return logits(h, batch).data();
  }

  @Override
  public Tensor losses(Tape tape, Value h, EncoderBatch batch) {
    Value logits = logits(h, batch);
    return switch (task) {
      case CLASSIFY -> LabelledLoss.of(LabelLoss.ONE_OF, logits, targets(tape, batch));
      case CLASSIFY_MANY -> LabelledLoss.of(LabelLoss.ANY_OF, logits, scores(tape, batch));
      default -> LabelledLoss.of(LabelLoss.SQUARED, logits, scores(tape, batch));
    };
  }

  private Tensor targets(Tape tape, EncoderBatch batch) {
    if (batch.targets() == null || batch.targets().length != batch.rows()) {
      throw new IllegalArgumentException("a target for each text is needed");
    }
    int[] targets = new int[batch.rows()];
    for (int i = 0; i < targets.length; i++) {
      int target = batch.target(i);
      targets[i] = target == Kernels.IGNORED ? target : Tokens.check("label", target, labels);
    }
    return tape.integers(targets, targets.length);
  }

  private Tensor scores(Tape tape, EncoderBatch batch) {
    if (batch.scores() == null || batch.scores().length != batch.rows() * labels) {
      throw new IllegalArgumentException("a score for each of " + labels + " labels of each text is needed");
    }
    float[] scores = new float[batch.scores().length];
    for (int i = 0; i < scores.length; i++) scores[i] = batch.score(i);
    Tensor tensor = tape.take(DType.FLOAT32, batch.rows(), labels);
    tensor.put(0, scores, 0, scores.length);
    return tensor;
  }
}
