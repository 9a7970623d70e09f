package dev.kindling.train.model;

import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.train.autodiff.CrossEntropy;
import dev.kindling.train.autodiff.Embed;
import dev.kindling.train.autodiff.Scale;
import dev.kindling.train.autodiff.TakeRows;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.autodiff.Weight;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.nn.Context;
import dev.kindling.train.nn.EncodedSequences;
import dev.kindling.train.nn.EncoderCache;
import dev.kindling.train.nn.EncoderOutput;
import dev.kindling.train.nn.Initial;
import dev.kindling.train.nn.KeyValueCache;
import dev.kindling.train.nn.WholeSequences;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.function.LongConsumer;

/**
 * T5, version 1.0 or 1.1: reads one sequence and writes another. Names and orientations of the weights are Hugging Face's
 * {@code T5ForConditionalGeneration}'s. For one thread at a time.
 *
 * <pre>
 *   encoded = encoder(shared[inputs])
 *   d       = decoder(shared[decoderInputs], encoded)     each position sees those before it, and all that was encoded
 *   logits  = d headᵀ, or d / √width headᵀ                where the head is tied (version 1.0)
 * </pre>
 */
public final class T5Model implements TapedModel<Seq2SeqBatch> {
  private final T5Config config;
  private final Precision precision;
  private final ModelCore core;
  private final Tape tape;
  private final Weight shared;
  private final T5Stack encoder;
  private final T5Stack decoder;
  private final Weight head;

  private T5Model(T5Config config, Kernels kernels, Precision precision) {
    this.config = config;
    this.precision = precision;
    core = new ModelCore(kernels, precision);
    tape = core.tape();
    ModelWeights weights = core.weights();
    Initial initial = new Initial.Normal(config.initializerFactor());
    int vocabulary = config.vocabularySize();
    shared = config.tiedHead()
        ? weights.head("shared.weight", vocabulary, config.width(), initial)
        : weights.table("shared.weight", vocabulary, config.width(), initial);
    encoder = new T5Stack(config, weights.under("encoder"), config.layers(), false);
    decoder = new T5Stack(config, weights.under("decoder"), config.decoderLayers(), true);
    head = config.tiedHead() ? shared : weights.head("lm_head.weight", vocabulary, config.width(), initial);
    weights.layOut();
  }

  /** A model without weights, for plans of memory. @param sizing kernels that read nothing */
  public static T5Model planned(T5Config config, Kernels sizing, Precision precision) {
    return ModelCore.planned(new T5Model(config, sizing, precision));
  }

  /** A model with fresh weights: each a pure function of the seed, the weight's name and its place there. */
  public static T5Model create(T5Config config, Kernels kernels, Precision precision, long seed) {
    return ModelCore.fresh(new T5Model(config, kernels, precision), seed);
  }

  /** A model with a folder's weights. @throws UserError naming a tensor that is missing or of another shape */
  public static T5Model load(T5Config config, WeightSource source, Kernels kernels, Precision precision) {
    return ModelCore.loaded(new T5Model(config, kernels, precision), source);
  }

  public T5Config config() {
    return config;
  }

  @Override
  public ModelCore core() {
    return core;
  }

  @Override
  public double accumulate(Seq2SeqBatch batch, Tensor gradients, CounterRandom random, LongConsumer whole) {
    return batch.labels() == 0 ? 0 : core.accumulate(gradients, random, whole, () -> losses(batch));
  }

  @Override
  public double loss(Seq2SeqBatch batch) {
    if (batch.labels() == 0) return 0;
    tape.reset(false);
    return losses(batch);
  }

  /** Forward only, for tests and small inputs. @return logits, [rows · targetTime · vocabulary] */
  public float[] logits(Seq2SeqBatch batch) {
    tape.reset(false);
    return logits(decoded(batch)).toFloats();
  }

  private double losses(Seq2SeqBatch batch) {
    int[] targets = new int[batch.targets().length];
    for (int i = 0; i < targets.length; i++) {
      int target = batch.target(i);
      targets[i] = target == Kernels.IGNORED ? target : Tokens.check("label", target, config.vocabularySize());
    }
    double sum = 0;
    for (float loss : CrossEntropy.of(decoded(batch), head, tape.integers(targets, targets.length)).toFloats()) {
      sum += loss;
    }
    return sum;
  }

  /** @return what the head reads, stored [rows · targetTime, width] */
  private Value decoded(Seq2SeqBatch batch) {
    Value encoded = encode(batch.inputs(), batch.rows(), batch.time(), batch.lengths());
    EncoderOutput output = EncodedSequences.of(encoded, batch.rows(), batch.lengths(), batch.targetTime(), null);
    Context context = WholeSequences.causal(tape, batch.rows(), batch.targetTime(), null);
    return scaled(decoder.forward(tape, embedded(batch.decoderInputs()), context, output));
  }

  private Value encode(int[] inputs, int rows, int time, int[] lengths) {
    int[] ids = inputs.clone();
    for (int i = 0; lengths != null && i < ids.length; i++) if (i % time >= lengths[i / time]) ids[i] = 0;
    return encoder.forward(tape, embedded(ids), WholeSequences.bidirectional(tape, rows, time, lengths), null);
  }

  private Value embedded(int[] ids) {
    for (int id : ids) Tokens.check("token", id, config.vocabularySize());
    return Embed.of(tape, new Embed.Lookup(tape.integers(ids, ids.length), shared));
  }

  private Value scaled(Value x) {
    return config.scaledHead() ? Scale.of(x, (float) (1 / Math.sqrt(config.width()))) : x;
  }

  private Tensor logits(Value x) {
    Tensor logits = tape.take(DType.FLOAT32, x.data().rows(), config.vocabularySize());
    tape.kernels().linear(x.data(), head.packed(), null, logits);
    return logits;
  }

  /**
   * Encodes a sequence, for what is to be written about it.
   *
   * @param inputs token ids; @param capacity most tokens that the decoder reads, the start token included
   */
  public Writing write(int[] inputs, int capacity) {
    return new Writing(inputs, capacity);
  }

  /** A sequence under generation: what was encoded, and keys and values of what was written so far. */
  public final class Writing implements LanguageModel.Sequence {
    private final EncoderCache encoded;
    private final KeyValueCache cache;
    private final float[] logits = new float[config.vocabularySize()];

    private Writing(int[] inputs, int capacity) {
      long inner = (long) config.heads() * config.headWidth();
      tape.reset(false);
      Value hidden = encode(inputs, 1, inputs.length, null);     // may refuse a token, while nothing is to be freed
      encoded = new EncoderCache(config.decoderLayers(), inputs.length, inner, precision.stored());
      try {
        cache = new KeyValueCache(config.decoderLayers(), capacity, inner, precision.stored());
      } catch (Throwable e) {                                    // there may be no such memory
        encoded.close();
        throw e;
      }
      try {
        decoder.fill(encoded, hidden);
      } catch (Throwable e) {
        close();
        throw e;
      }
    }

    @Override
    public int length() {
      return (int) cache.length();
    }

    /** The first token that the decoder reads is {@link T5Config#startToken}. */
    @Override
    public float[] append(int... tokens) {
      tape.reset(false);
      Value x = decoder.forward(tape, embedded(tokens), cache.next(tape, tokens.length), encoded);
      Value last = TakeRows.of(x, tape.integers(new int[]{tokens.length - 1}, 1));
      logits(scaled(last)).get(0, logits, 0, logits.length);
      cache.advance(tokens.length);
      return logits;
    }

    @Override
    public void close() {
      encoded.close();
      cache.close();
    }
  }
}
