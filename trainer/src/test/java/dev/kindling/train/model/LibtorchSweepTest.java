package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.Experts;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.LlamaFamily;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;

/**
 * libtorch is the oracle for whole models of each kind, on random weights and shapes of any kind: loss and every gradient. Texts
 * have any length from none to all, so there is padding of every sort. Runs in a JVM of its own (see the pom).
 */
@Tag("libtorch")
class LibtorchSweepTest {
  /** As many groups as heads, and one for all. */
  @Example
  void everyKindWithTheVocabularyOfGpt2() {
    for (int groups : new int[]{1, 4}) {
      everyKind(new SweepShape(5, 1, 4, groups, 4, 24, 50_257, groups == 1, 0, List.of(5, 0, 1)), TestKernels.BEST);
    }
  }

  /** T5 writes one, too. */
  @Example
  void everyKindWithTextsOfOneToken() {
    for (TestKernels library : TestKernels.values()) {
      for (boolean tied : new boolean[]{true, false}) {
        everyKind(new SweepShape(1, 2, 4, 2, 8, 23, 67, tied, 0, List.of(1, 0, 1)), library);
      }
    }
  }

  private void everyKind(SweepShape shape, TestKernels library) {
    gpt2(shape, library);
    llama(shape, library);
    mixtral(shape, library);
    bert(shape, library);
    t5(shape, library);
  }

  @Property(tries = SweepShape.TRIES, seed = SweepShape.SEED, shrinking = ShrinkingMode.OFF)
  void gpt2(@ForAll(supplier = SweepShape.Any.class) SweepShape shape, @ForAll TestKernels library) {
    Gpt2Config config = new Gpt2Config(shape.vocabulary(), shape.time(), shape.width(), shape.layers(), shape.heads(),
        shape.inner(), 1e-5f, shape.tied(), 0.02f, -1, List.of());
    Batch batch = shape.batch();
    try (Kernels kernels = library.open(2);
        DecoderModel model = DecoderModel.create(config, kernels, Precision.FLOAT32, 1)) {
      Samples.randomise(model, 7);
      TorchGpt2.run(config, model.weightSource(), batch).check(model, batch);
    }
  }

  @Property(tries = SweepShape.TRIES, seed = SweepShape.SEED, shrinking = ShrinkingMode.OFF)
  void llama(@ForAll(supplier = SweepShape.Any.class) SweepShape shape, @ForAll TestKernels library) {
    llama(config(LlamaFamily.LLAMA, shape), shape, library);
  }

  /** What routers pay is part of the loss; equal logits, of which either may be chosen, do not come. */
  @Property(tries = SweepShape.TRIES, seed = SweepShape.SEED, shrinking = ShrinkingMode.OFF)
  void mixtral(@ForAll(supplier = SweepShape.Any.class) SweepShape shape, @ForAll TestKernels library) {
    int experts = 1 + shape.inner() % 5;
    LlamaConfig config = config(LlamaFamily.MIXTRAL, shape)
        .withExperts(new Experts(experts, 1 + shape.vocabulary() % experts, 0.02f, 0.01f, true));
    llama(config, shape, library);
  }

  private static LlamaConfig config(LlamaFamily family, SweepShape shape) {
    return LlamaConfig
        .of(family, shape.vocabulary(), shape.time(), shape.width(), shape.layers(), shape.heads(), shape.groups(),
            shape.inner())
        .withTiedHead(shape.tied());
  }

  private static void llama(LlamaConfig config, SweepShape shape, TestKernels library) {
    Batch batch = shape.batch();
    try (Kernels kernels = library.open(2);
        DecoderModel model = DecoderModel.create(config, kernels, Precision.FLOAT32, 1)) {
      Samples.randomise(model, 7);
      TorchLlama.run(config, model.weightSource(), batch).check(model, batch);
    }
  }

  @Property(tries = SweepShape.TRIES, seed = SweepShape.SEED, shrinking = ShrinkingMode.OFF)
  void bert(@ForAll(supplier = SweepShape.Any.class) SweepShape shape, @ForAll TestKernels library) {
    BertConfig config = BertConfig.of(shape.vocabulary(), shape.time(), shape.width(), shape.layers(), shape.heads())
        .withTiedHead(shape.tied());
    Batch words = shape.batch();
    EncoderBatch batch = new EncoderBatch(shape.rows(), shape.time(), words.inputs(),
        tokens("types", 2, words.inputs().length), shape.rowLengths(), words.targets(), null, words.sampleIds());
    try (Kernels kernels = library.open(2);
        EncoderModel model = EncoderModel.create(config, kernels, Precision.FLOAT32, 1)) {
      Samples.randomise(model, 7);
      TorchBert.run(config, model.weightSource(), batch).check(model, batch);
    }
  }

  /** Versions 1.0 and 1.1; the outputs are as long as another row's input. */
  @Property(tries = SweepShape.TRIES, seed = SweepShape.SEED, shrinking = ShrinkingMode.OFF)
  void t5(@ForAll(supplier = SweepShape.Any.class) SweepShape shape, @ForAll TestKernels library) {
    T5Config first = T5Config.of(shape.vocabulary(), shape.width(), shape.headWidth(), shape.inner(), shape.layers(),
        shape.heads());
    T5Config config = shape.tied() ? first : first.version11();
    int written = 1 + shape.inner() % 23;
    Batch words = Samples.batch(shape.vocabulary(), shape.time(), 0, shape.rowLengths());
    int[] targets = tokens("written", shape.vocabulary(), shape.rows() * written);
    for (int i = 0; i < targets.length; i++) if (shape.ignored() > 0 && i % shape.ignored() == 0) targets[i] = -100;
    Seq2SeqBatch batch = new Seq2SeqBatch(shape.rows(), shape.time(), words.inputs(), shape.rowLengths(), written,
        tokens("before", shape.vocabulary(), targets.length), targets, words.sampleIds());
    try (Kernels kernels = library.open(2);
        T5Model model = T5Model.create(config, kernels, Precision.FLOAT32, 1)) {
      Samples.randomise(model, 7);
      scaleQueries(model, 1 / Math.sqrt(shape.headWidth()));
      TorchT5.run(config, model.weightSource(), batch).check(model, batch);
    }
  }

  /** T5 does not divide its scores by √width; its first weights do. Else nearly all of a row is on one key, and roundings show. */
  private static void scaleQueries(T5Model model, double factor) {
    for (Parameter p : model.layout().parameters()) {
      if (!p.name().endsWith("Attention.q.weight")) continue;
      float[] values = p.in(model.weights()).toFloats();
      for (int i = 0; i < values.length; i++) values[i] *= (float) factor;
      p.in(model.weights()).put(0, values, 0, values.length);
    }
    model.weightsChanged();
  }

  /** Rows that are all padding are as if they were not there. */
  @Property(tries = 10, seed = SweepShape.SEED, shrinking = ShrinkingMode.OFF)
  void aRowOfPaddingAddsNothing(@ForAll(supplier = SweepShape.Any.class) SweepShape shape) {
    BertConfig config = BertConfig.of(shape.vocabulary(), shape.time(), shape.width(), shape.layers(), shape.heads());
    Batch words = Samples.batch(shape.vocabulary(), shape.time(), 0, shape.time(), 0);
    Batch one = Samples.row(words, 0);
    try (Kernels kernels = TestKernels.BEST.open(2);
        EncoderModel model = EncoderModel.create(config, kernels, Precision.FLOAT32, 1);
        Memory memory = Memory.allocate(2 * model.layout().size() * Float.BYTES)) {
      Samples.randomise(model, 7);
      Tensor with = Tensor.at(memory.address(), DType.FLOAT32, model.layout().size());
      Tensor without = Tensor.at(memory.address() + with.bytes(), DType.FLOAT32, model.layout().size());
      double both = model.accumulate(encoder(words), with);
      assertThat(both).isEqualTo(model.accumulate(encoder(one), without));
      double largest = Agreement.largest(without.toFloats());
      for (Parameter p : model.layout().parameters()) {
        Agreement.FLOAT32.check(p.name(), p.in(with).toFloats(), p.in(without).toFloats(), largest);
      }
    }
  }

  private static EncoderBatch encoder(Batch batch) {
    return new EncoderBatch(batch.rows(), batch.time(), batch.inputs(), null, batch.lengths(), batch.targets(), null,
        batch.sampleIds());
  }

  private static int[] tokens(String stream, int below, int count) {
    CounterRandom random = CounterRandom.of(9, stream);
    int[] tokens = new int[count];
    for (int i = 0; i < count; i++) tokens[i] = (int) (random.uniform(i) * below);
    return tokens;
  }
}
