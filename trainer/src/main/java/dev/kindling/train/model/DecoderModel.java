package dev.kindling.train.model;

import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.Experts;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.train.autodiff.CrossEntropy;
import dev.kindling.train.autodiff.RouterLoss;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.kernel.Activation;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.nn.Alibi;
import dev.kindling.train.nn.Block;
import dev.kindling.train.nn.Context;
import dev.kindling.train.nn.KeyValueCache;
import dev.kindling.train.nn.Pass;
import dev.kindling.train.nn.Residual;
import dev.kindling.train.nn.WholeSequences;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;

/**
 * A decoder of any family: embeddings, blocks that add to one residual stream, a final norm and a head. Names and
 * orientations of the weights are those of Hugging Face's files. For one thread at a time.
 *
 * <p>A mixture of experts adds the losses of its routers to {@link #accumulate}'s ({@link RouterLoss}, all layers together).
 * They are means over the micro-batch, while the loss of labels is a sum that is divided by the number of labels in the end: so
 * they are multiplied with the micro-batch's labels, and a step's loss has their mean, weighted by the labels.
 * {@link #losses} has the labels' losses alone.
 */
public final class DecoderModel implements LanguageModel, TapedModel<Batch> {
  private final DecoderConfig config;
  private final ModelCore core;
  private final Tape tape;
  private final Decoders.Layers layers;
  private final Experts experts;
  private float[] labelLosses;                   // of the micro-batch that was accumulated last

  private DecoderModel(DecoderConfig config, Kernels kernels, Precision precision) {
    this.config = config;
    core = new ModelCore(kernels, precision);
    tape = core.tape();
    layers = Decoders.of(config, core.weights());
    experts = config instanceof LlamaConfig llama ? llama.experts() : null;
    core.weights().layOut();
  }

  /** A model with fresh weights: each a pure function of the seed, the weight's name and its place there. */
  public static DecoderModel create(DecoderConfig config, Kernels kernels, Precision precision, long seed) {
    return ModelCore.fresh(new DecoderModel(config, kernels, precision), seed);
  }

  /** A model with a checkpoint's weights. @throws UserError naming a tensor that is missing or of another shape */
  public static DecoderModel load(DecoderConfig config, WeightSource source, Kernels kernels, Precision precision) {
    WeightSource named = ModelFolder.named(config, source, "the weights");
    return ModelCore.loaded(new DecoderModel(config, kernels, precision), named);
  }

  /** A model without weights, for plans of memory. @param sizing kernels that read nothing */
  public static DecoderModel planned(DecoderConfig config, Kernels sizing, Precision precision) {
    return ModelCore.planned(new DecoderModel(config, sizing, precision));
  }

  public DecoderConfig config() {
    return config;
  }

  @Override
  public ModelCore core() {
    return core;
  }

  @Override
  public int vocabularySize() {
    return config.vocabularySize();
  }

  @Override
  public int contextLength() {
    return config.contextLength();
  }

  @Override
  public double accumulate(Batch batch, Tensor gradients, CounterRandom random, LongConsumer whole) {
    check(batch);
    labelLosses = new float[0];
    if (batch.labels() == 0) return 0;
    return core.accumulate(gradients, random, whole, () -> {
      Pass pass = pass(batch);
      labelLosses = crossEntropy(hidden(batch, pass), batch).toFloats();
      return sum(labelLosses) + routerLoss(batch, pass);
    });
  }

  @Override
  public Optional<float[]> labelLosses() {
    return Optional.ofNullable(labelLosses);
  }

  @Override
  public double losses(Batch batch, float[] losses) {
    check(batch);
    tape.reset(false);
    Tensor each = crossEntropy(hidden(batch, pass(batch)), batch);
    each.get(0, losses, 0, batch.targets().length);
    return sum(each.toFloats());
  }

  @Override
  public float[] logits(Batch batch) {
    check(batch);
    tape.reset(false);
    return logits(hidden(batch, pass(batch)).data()).toFloats();
  }

  private static double sum(float[] losses) {
    double sum = 0;
    for (float loss : losses) sum += loss;
    return sum;
  }

  private Tensor crossEntropy(Value hidden, Batch batch) {
    int[] counted = IntStream.range(0, batch.targets().length).map(batch::target).toArray();
    Tensor targets = tape.integers(counted, counted.length);
    return CrossEntropy.of(hidden, layers.head(), null, layers.softcap(), targets);
  }

  /** What the routers add to the sum of the labels' losses: their means over the micro-batch, once for each label. */
  private double routerLoss(Batch batch, Pass pass) {
    if (experts == null || !experts.inLoss()) return 0;
    Tensor counted = null;
    if (batch.lengths() != null) {
      int[] counts = new int[batch.rows() * batch.time()];
      for (int row = 0; row < batch.rows(); row++) {
        Arrays.fill(counts, row * batch.time(), row * batch.time() + batch.lengths()[row], 1);
      }
      counted = tape.integers(counts, counts.length);
    }
    double labels = batch.labels();
    return RouterLoss.of(pass.routes(), counted, labels * experts.balance(), labels * experts.zLoss());
  }

  private Pass pass(Batch batch) {
    return pass(
        WholeSequences.causal(tape, batch.rows(), batch.time(), batch.lengths(), batch.documents()));
  }

  private Pass pass(Context context) {
    if (layers.rotary() != null) layers.rotary().lengthen(context.keyTime());
    Value bias = layers.alibi() ? Alibi.bias(tape, context, config.heads()) : null;
    return new Pass(context, bias, new ArrayList<>());
  }

  private Value hidden(Batch batch, Pass pass) {
    int[] ids = batch.inputs().clone();
    // any id may stand on padding: one that exists is read
    for (int row = 0; batch.lengths() != null && row < batch.rows(); row++) {
      Arrays.fill(ids, row * batch.time() + batch.lengths()[row], (row + 1) * batch.time(), 0);
    }
    checkIds(ids, "token");
    return hidden(ids, pass);
  }

  /** The final norm's output. @param ids of the rows at hand */
  private Value hidden(int[] ids, Pass pass) {
    Tensor tokens = tape.integers(ids, ids.length);
    Residual h = new Residual(layers.embedding().forward(tape, tokens, pass.context().positions()));
    for (Block block : layers.blocks()) block.forward(h, pass);
    return layers.finalNorm().forward(h);
  }

  private Tensor logits(Tensor hidden) {
    Tensor logits = tape.take(DType.FLOAT32, hidden.rows(), config.vocabularySize());
    Kernels kernels = tape.kernels();
    kernels.linear(hidden, layers.head().packed(), null, logits);
    if (layers.softcap() > 0) {
      kernels.scale(logits, 1 / layers.softcap(), logits);
      kernels.activations().activate(Activation.TANH, logits, logits);
      kernels.scale(logits, layers.softcap(), logits);
    }
    return logits;
  }

  private void check(Batch batch) {
    if (batch.time() > config.contextLength()) {
      throw new UserError("sequences of " + batch.time() + " tokens do not fit the model, whose context is "
          + context() + "; use a dataset with shorter sequences or a model with a longer context");
    }
    int positions = Math.multiplyExact(batch.rows(), batch.time());
    if (batch.inputs().length != positions || batch.targets().length != positions) {
      throw new IllegalArgumentException("not rows times time tokens and targets");
    }
    for (int row = 0; batch.lengths() != null && row < batch.rows(); row++) {
      int length = batch.lengths()[row];
      if (length < 0 || length > batch.time()) throw new IllegalArgumentException("a row of length " + length);
    }
    for (int i = 0; i < positions; i++) { if (batch.target(i) != Kernels.IGNORED) checkId(batch.target(i), "label"); }
  }

  private String context() {
    return config.contextLength() + " tokens (" + config.contextKey() + ")";
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
      throw new UserError(
          "a sequence of " + capacity + " tokens does not fit the model, whose context is " + context());
    }
    return new CachedSequence(this, capacity);
  }

  /** An empty cache for {@code capacity} tokens. */
  KeyValueCache newCache(int capacity) {
    return new KeyValueCache(config.layers(), capacity, (long) config.keyValueHeads() * config.headWidth(),
        tape.stored());
  }

  /** Keys of sequences whose lengths give the same number are turned alike: {@link dev.kindling.train.nn.RotaryTable}. */
  long rotation(int length) {
    return layers.rotary() == null ? 0 : layers.rotary().variant(length);
  }

  /** Logits of what comes after the last of {@code tokens}, which follow those in the cache. */
  void append(int[] tokens, KeyValueCache cache, float[] logits) {
    checkIds(tokens, "token");
    tape.reset(false);
    Tensor hidden = hidden(tokens, pass(cache.next(tape, tokens.length))).data();
    long width = config.width();
    logits(hidden.slice((tokens.length - 1) * width, 1, width)).get(0, logits, 0, logits.length);
    cache.advance(tokens.length);
  }

  @Override
  public void close() {
    core.close();
    if (layers.rotary() != null) layers.rotary().close();
  }
}
