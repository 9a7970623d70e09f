package dev.kindling.train.model;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.train.autodiff.Pool;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.nn.Initial;
import dev.kindling.train.nn.Linear;
import dev.kindling.train.nn.Weights;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * BERT, RoBERTa or DistilBERT with the head that its configuration names, or with none: texts in; embeddings, words or labels
 * out. Names and orientations of the weights are Hugging Face's. For one thread at a time.
 *
 * <pre>{@code
 * try (EncoderModel model = EncoderModel.load(config, folder.weights(), kernels, Precision.FLOAT32)) {
 *   float[] vectors = model.embed(EncoderBatch.unlabelled(rows, time, ids, null, lengths), Pooling.MEAN);
 * }
 * }</pre>
 */
public final class EncoderModel implements TapedModel<EncoderBatch> {
  private final BertConfig config;
  private final ModelCore core;
  private final Tape tape;
  private final BertEncoder encoder;
  private final EncoderHead head;                // null: none

  private EncoderModel(BertConfig config, Kernels kernels, Precision precision) {
    this.config = config;
    core = new ModelCore(kernels, precision);
    tape = core.tape();
    ModelWeights weights = core.weights();
    boolean tied = config.task() == EncoderTask.MASKED_WORDS && config.tiedHead();
    Weights prefixed = config.prefix().isEmpty() ? weights : weights.under(config.family());
    encoder = new BertEncoder(config, prefixed, tied);
    head = switch (config.task()) {
      case ENCODE -> null;
      case MASKED_WORDS -> new WordHead(config, weights, encoder.words());
      case CLASSIFY, CLASSIFY_MANY, REGRESS -> new SequenceHead(config, weights);
      case CLASSIFY_TOKENS -> new TokenHead(config, weights);
    };
    if (head == null && config.pooler()) {       // kept for those who use it; nothing is computed with it here
      Linear.of(weights.under("pooler.dense"), Linear.Form.TORCH, config.width(), config.width(),
          new Initial.Normal(config.initializerRange()));
    }
    weights.layOut();
  }

  /** A model without weights, for plans of memory. @param sizing kernels that read nothing */
  public static EncoderModel planned(BertConfig config, Kernels sizing, Precision precision) {
    return ModelCore.planned(new EncoderModel(config, sizing, precision));
  }

  /** A model with fresh weights: each a pure function of the seed, the weight's name and its place there. */
  public static EncoderModel create(BertConfig config, Kernels kernels, Precision precision, long seed) {
    return ModelCore.fresh(new EncoderModel(config, kernels, precision), seed);
  }

  /** A model with a folder's weights. @throws UserError naming a tensor that is missing or of another shape */
  public static EncoderModel load(BertConfig config, WeightSource source, Kernels kernels, Precision precision) {
    return ModelCore.loaded(new EncoderModel(config, kernels, precision), source);
  }

  /**
   * A model to be taught something else: a trained encoder under a fresh head, whatever head it had. What the encoder's files
   * lack, such as a pooler, is fresh too.
   *
   * @param trained what the weights are of; @param source as {@code ModelFolder} gives them
   * @param labels their names, none where the task has none; @param seed of what is fresh
   */
  public static EncoderModel teach(EncoderTask task, List<String> labels, BertConfig trained, WeightSource source,
      Kernels kernels, Precision precision, long seed) {
    EncoderModel model = create(trained.forTask(task, labels), kernels, precision, seed);
    try {
      String prefix = model.config.prefix();         // the encoder's own names begin with it, and no head's
      model.core.weights().loadFound(source,
          name -> name.startsWith(prefix) ? trained.prefix() + name.substring(prefix.length()) : null);
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
    return model;
  }

  public BertConfig config() {
    return config;
  }

  @Override
  public ModelCore core() {
    return core;
  }

  /** Forward only. @return the last hidden states, [rows · time · width]; those on padding mean nothing */
  public float[] hidden(EncoderBatch batch) {
    tape.reset(false);
    return forward(batch).data().toFloats();
  }

  /** Forward only. @return a vector for each text, [rows · width], zeros for an empty one */
  public float[] embed(EncoderBatch batch, Pooling pooling) {
    tape.reset(false);
    return pooled(forward(batch), batch, pooling).data().toFloats();
  }

  /** Forward only. @return [rows · time · vocabulary], [rows · labels] or [rows · time · labels], as the task is */
  public float[] logits(EncoderBatch batch) {
    tape.reset(false);
    Value h = forward(batch);
    return head().logits(tape, h, batch).toFloats();
  }

  @Override
  public double accumulate(EncoderBatch batch, Tensor gradients, CounterRandom random, LongConsumer whole) {
    return batch.labels() == 0 ? 0 : core.accumulate(gradients, random, whole, () -> losses(batch));
  }

  @Override
  public double loss(EncoderBatch batch) {
    if (batch.labels() == 0) return 0;
    tape.reset(false);
    return losses(batch);
  }

  private double losses(EncoderBatch batch) {
    Value h = forward(batch);
    double sum = 0;
    for (float loss : head().losses(tape, h, batch).toFloats()) sum += loss;
    return sum;
  }

  private EncoderHead head() {
    if (head == null) throw new UserError("the model has no head, only hidden states: " + config.task());
    return head;
  }

  private Value forward(EncoderBatch batch) {
    if (batch.time() > config.contextLength()) {
      throw new UserError("texts of " + batch.time() + " tokens do not fit the model, whose context is "
          + config.contextLength() + " tokens (max_position_embeddings); use shorter texts");
    }
    return encoder.forward(tape, batch);
  }

  /** @param h [rows · time, width]; @return its type [rows, width] */
  static Value pooled(Value h, EncoderBatch batch, Pooling pooling) {
    int[] spans = new int[2 * batch.rows()];
    for (int row = 0; row < batch.rows(); row++) {
      spans[2 * row] = row * batch.time();
      int length = pooling == Pooling.FIRST ? Math.min(1, batch.length(row)) : batch.length(row);
      spans[2 * row + 1] = spans[2 * row] + length;
    }
    return Pool.of(h, h.tape().integers(spans, batch.rows(), 2));
  }
}
