package dev.kindling.train.model;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.train.autodiff.CrossEntropy;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.autodiff.Weight;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.nn.Block;
import dev.kindling.train.nn.Context;
import dev.kindling.train.nn.Embedding;
import dev.kindling.train.nn.Initial;
import dev.kindling.train.nn.KeyValueCache;
import dev.kindling.train.nn.LayerNorm;
import dev.kindling.train.nn.Residual;
import dev.kindling.train.nn.WholeSequences;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * GPT-2 (Radford et al. 2019): learned positions, norms before each block, GELU in its tanh form, biases everywhere,
 * and a head that is the token embedding unless the configuration says otherwise. Names and orientations of the weights
 * are Hugging Face's {@code GPT2LMHeadModel}'s. For one thread at a time.
 */
public final class Gpt2Model implements LanguageModel {
  private final Gpt2Config config;
  private final ModelWeights weights;
  private final Tape tape;
  private final Embedding embedding;
  private final List<Block> blocks = new ArrayList<>();
  private final LayerNorm finalNorm;
  private final Weight head;

  private Gpt2Model(Gpt2Config config, Kernels kernels, Precision precision) {
    this.config = config;
    tape = new Tape(kernels, precision);
    weights = new ModelWeights(kernels, precision);
    Initial initial = new Initial.Normal(config.initializerRange());
    // two additions to the residual stream a layer, kept at unit growth (Radford et al. 2019, section 2.3)
    Initial residual = new Initial.Normal(config.initializerRange() / Math.sqrt(2.0 * config.layers()));
    var transformer = weights.under("transformer");
    int width = config.width();
    int vocabulary = config.vocabularySize();
    Weight tokens = config.tiedHead()
        ? transformer.head("wte.weight", vocabulary, width, initial)
        : transformer.table("wte.weight", vocabulary, width, initial);
    embedding = new Embedding(tokens, transformer.table("wpe.weight", config.contextLength(), width, initial));
    for (int layer = 0; layer < config.layers(); layer++) {
      blocks.add(new Block(transformer.under("h." + layer), layer, width, config.heads(), config.innerWidth(),
          config.layerNormEpsilon(), initial, residual));
    }
    finalNorm = new LayerNorm(transformer.under("ln_f"), width, config.layerNormEpsilon());
    head = config.tiedHead() ? tokens : weights.head("lm_head.weight", vocabulary, width, initial);
    weights.layOut();
  }

  /** A model with fresh weights: each a pure function of the seed, the weight's name and its place there. */
  public static Gpt2Model create(Gpt2Config config, Kernels kernels, Precision precision, long seed) {
    Gpt2Model model = new Gpt2Model(config, kernels, precision);
    model.weights.initialise(seed);
    return model;
  }

  /** A model with a checkpoint's weights. @throws UserError naming a tensor that is missing or of another shape */
  public static Gpt2Model load(Gpt2Config config, WeightSource source, Kernels kernels, Precision precision) {
    Gpt2Model model = new Gpt2Model(config, kernels, precision);
    try {
      model.weights.load(source, "transformer.");
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
    return model;
  }

  public Gpt2Config config() {
    return config;
  }

  /** The float32 masters under their names, for checkpoints; live. A tied head is not among them. */
  public WeightSource weightSource() {
    return weights.source();
  }

  @Override
  public ParameterLayout layout() {
    return weights.layout();
  }

  @Override
  public Tensor weights() {
    return weights.flat();
  }

  @Override
  public void weightsChanged() {
    weights.changed();
  }

  @Override
  public int vocabularySize() {
    return config.vocabularySize();
  }

  @Override
  public int contextLength() {
    return config.contextLength();
  }

  /** The most bytes that activations and their gradients have taken so far. */
  public long peakActivationBytes() {
    return tape.peakBytes();
  }

  @Override
  public double accumulate(Batch batch, Tensor gradients) {
    check(batch);
    if (batch.labels() == 0) return 0;
    weights.bindGradients(gradients);
    tape.reset(true);
    Tensor losses = CrossEntropy.of(hidden(batch), head, tape.integers(batch.targets(), batch.targets().length));
    tape.backward();
    return sum(losses.toFloats());
  }

  @Override
  public double losses(Batch batch, float[] losses) {
    check(batch);
    tape.reset(false);
    Tensor each = CrossEntropy.of(hidden(batch), head, tape.integers(batch.targets(), batch.targets().length));
    each.get(0, losses, 0, batch.targets().length);
    return sum(each.toFloats());
  }

  @Override
  public float[] logits(Batch batch) {
    check(batch);
    tape.reset(false);
    return logits(hidden(batch).data()).toFloats();
  }

  private static double sum(float[] losses) {
    double sum = 0;
    for (float loss : losses) sum += loss;
    return sum;
  }

  private Value hidden(Batch batch) {
    int[] ids = batch.inputs().clone();
    // any id may stand on padding: one that exists is read
    for (int row = 0; batch.lengths() != null && row < batch.rows(); row++) {
      for (int t = batch.lengths()[row]; t < batch.time(); t++) ids[row * batch.time() + t] = 0;
    }
    checkIds(ids, "token");
    Context context = WholeSequences.causal(tape, batch.rows(), batch.time(), batch.lengths());
    return hidden(ids, 0, batch.time(), context);
  }

  /** The final norm's output. @param ids of sequences of {@code time} tokens each, from position {@code first} on */
  private Value hidden(int[] ids, long first, long time, Context context) {
    Residual h = new Residual(embedding.forward(tape, tape.integers(ids, ids.length), first, time));
    for (Block block : blocks) block.forward(h, context);
    return finalNorm.forward(h);
  }

  private Tensor logits(Tensor hidden) {
    Tensor logits = tape.take(DType.FLOAT32, hidden.rows(), config.vocabularySize());
    tape.kernels().linear(hidden, head.packed(), null, logits);
    return logits;
  }

  private void check(Batch batch) {
    if (batch.time() > config.contextLength()) {
      throw new UserError("sequences of " + batch.time() + " tokens do not fit the model, whose context is "
          + config.contextLength()
          + " tokens (n_positions); use a dataset with shorter sequences or a model with a longer context");
    }
    int positions = Math.multiplyExact(batch.rows(), batch.time());
    if (batch.inputs().length != positions || batch.targets().length != positions) {
      throw new IllegalArgumentException("not rows times time tokens and targets");
    }
    for (int row = 0; batch.lengths() != null && row < batch.rows(); row++) {
      int length = batch.lengths()[row];
      if (length < 0 || length > batch.time()) throw new IllegalArgumentException("a row of length " + length);
    }
    for (int target : batch.targets()) {
      if (target == Kernels.IGNORED) continue;
      checkId(target, "label");
    }
  }

  private void checkIds(int[] ids, String what) {
    for (int id : ids) checkId(id, what);
  }

  private void checkId(int id, String what) {
    if (id < 0 || id >= config.vocabularySize()) {
      throw new UserError(what + " " + id + " is outside the model's vocabulary of " + config.vocabularySize()
          + "; the data was made with another tokenizer than the model");
    }
  }

  @Override
  public Sequence newSequence(int capacity) {
    if (capacity > config.contextLength()) {
      throw new UserError("a sequence of " + capacity + " tokens does not fit the model, whose context is "
          + config.contextLength() + " tokens (n_positions)");
    }
    return new CachedSequence(this, config, capacity);
  }

  /** An empty cache for {@code capacity} tokens. */
  KeyValueCache newCache(int capacity) {
    return new KeyValueCache(config.layers(), capacity, config.width(), tape.stored());
  }

  /** Logits of what comes after the last of {@code tokens}, which follow those in the cache. */
  void append(int[] tokens, KeyValueCache cache, float[] logits) {
    checkIds(tokens, "token");
    tape.reset(false);
    Tensor hidden = hidden(tokens, cache.length(), tokens.length, cache.next(tape, tokens.length)).data();
    long width = config.width();
    logits(hidden.slice((tokens.length - 1) * width, 1, width)).get(0, logits, 0, logits.length);
    cache.advance(tokens.length);
  }

  @Override
  public void close() {
    tape.close();
    weights.close();
  }
}
