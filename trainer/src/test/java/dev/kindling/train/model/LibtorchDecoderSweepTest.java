package dev.kindling.train.model;

import dev.kindling.checkpoint.ActivationFunction;
import dev.kindling.checkpoint.BloomConfig;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.DropoutRates;
import dev.kindling.checkpoint.GptNeoxConfig;
import dev.kindling.checkpoint.HeadShape;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.LlamaFamily;
import dev.kindling.checkpoint.Rope;
import dev.kindling.checkpoint.RopeScaling;
import dev.kindling.checkpoint.TokenIds;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Precision;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tag;

/** {@link LibtorchSweepTest} for decoders that look another way: side by side, with slopes, through windows, under caps. */
@Tag("libtorch")
class LibtorchDecoderSweepTest {
  /** Low enough that many scores and logits of {@link Samples#randomise} are bent by them. */
  private static final float SCORE_CAP = 1.5f;
  private static final float LOGIT_CAP = 1;

  @Example
  void everyKindWithTheVocabularyOfGpt2() {
    for (int groups : new int[]{1, 4}) {
      everyKind(new SweepShape(5, 2, 4, groups, 4, 24, 50_257, groups == 1, 0, List.of(5, 0, 1)), TestKernels.BEST);
    }
  }

  /** One head, too. */
  @Example
  void everyKindWithTextsOfOneToken() {
    for (TestKernels library : TestKernels.values()) {
      for (boolean tied : new boolean[]{true, false}) {
        everyKind(new SweepShape(1, 2, 1, 1, 8, 23, 67, tied, 0, List.of(1, 0, 1)), library);
      }
    }
  }

  /** Over a block of 128 tokens, with windows that begin in another block than they end. */
  @Example
  void everyKindWithLongTexts() {
    everyKind(new SweepShape(300, 2, 3, 1, 8, 129, 131, true, 5, List.of(300, 129, 1)), TestKernels.BEST);
  }

  private void everyKind(SweepShape shape, TestKernels library) {
    gptNeox(shape, library);
    bloom(shape, library);
    mistral(shape, library);
    gemma2(shape, library);
  }

  /** Whole heads are turned or a part, in every fourth model one branch comes after the other, in every third without biases. */
  @Property(tries = SweepShape.TRIES, seed = SweepShape.SEED, shrinking = ShrinkingMode.OFF)
  void gptNeox(@ForAll(supplier = SweepShape.Any.class) SweepShape shape, @ForAll TestKernels library) {
    int width = shape.headWidth();
    int turned = shape.inner() % 3 == 0 ? width : Math.max(2, width / 8 * 2);
    Rope rope = new Rope(10_000, (double) turned / width, shape.time(), new RopeScaling.None());
    GptNeoxConfig config = new GptNeoxConfig(shape.vocabulary(), shape.width(), shape.layers(), shape.heads(), rope,
        shape.inner(), ActivationFunction.GELU, shape.inner() % 4 != 0, shape.vocabulary() % 3 != 0, 1e-5f,
        shape.tied(), 0.02f, TokenIds.NONE);
    judge(config, TorchGptNeox::run, shape, library);
  }

  /** Widths of heads are odd. */
  @Property(tries = SweepShape.TRIES, seed = SweepShape.SEED, shrinking = ShrinkingMode.OFF)
  void bloom(@ForAll(supplier = SweepShape.Any.class) SweepShape shape, @ForAll TestKernels library) {
    int width = shape.heads() * (shape.headWidth() + 1);
    BloomConfig config = new BloomConfig(shape.vocabulary(), shape.time(), width, shape.layers(), shape.heads(), 1e-5f,
        shape.tied(), 0.02f, TokenIds.NONE, DropoutRates.NONE);
    judge(config, TorchBloom::run, shape, library);
  }

  /** A window of one token and one that is longer than the text, too; another for each layer. */
  @Property(tries = SweepShape.TRIES, seed = SweepShape.SEED, shrinking = ShrinkingMode.OFF)
  void mistral(@ForAll(supplier = SweepShape.Any.class) SweepShape shape, @ForAll TestKernels library) {
    List<Integer> windows = IntStream.range(0, shape.layers()).map(n -> 1 + (window(shape) + 3 * n - 1) % 50).boxed()
        .toList();
    HeadShape heads = new HeadShape(shape.heads(), shape.groups(), shape.headWidth(), false, false, windows,
        shape.headWidth(), 0);
    judge(config(LlamaFamily.MISTRAL, shape).withAttention(heads), TorchLlama::run, shape, library);
  }

  /** Heads are twice as wide as width / heads, and scores divided by the root of another number. */
  @Property(tries = SweepShape.TRIES, seed = SweepShape.SEED, shrinking = ShrinkingMode.OFF)
  void gemma2(@ForAll(supplier = SweepShape.Any.class) SweepShape shape, @ForAll TestKernels library) {
    List<Integer> windows = IntStream.range(0, shape.layers()).map(n -> n % 2 == 0 ? window(shape) : 0).boxed()
        .toList();
    HeadShape heads = new HeadShape(shape.heads(), shape.groups(), 2 * shape.headWidth(), false, false, windows,
        1.5f * shape.headWidth(), SCORE_CAP);
    LlamaConfig plain = config(LlamaFamily.GEMMA2, shape);
    LlamaConfig config = new LlamaConfig(plain.kind(), plain.vocabularySize(), plain.width(), plain.layers(), heads,
        plain.rope(), plain.innerWidth(), plain.activation(), false, null, plain.normEpsilon(), LOGIT_CAP,
        plain.tiedHead(), plain.initializerRange(), plain.tokens(), plain.dropout());
    judge(config, TorchGemma2::run, shape, library);
  }

  /** From 1 to 48. */
  private static int window(SweepShape shape) {
    return 1 + (shape.vocabulary() - 3) % 48;
  }

  private static LlamaConfig config(LlamaFamily family, SweepShape shape) {
    return LlamaConfig.of(family, shape.vocabulary(), shape.time(), shape.width(), shape.layers(), shape.heads(),
        shape.groups(), shape.inner()).withTiedHead(shape.tied());
  }

  private interface Judge<C> {
    TorchWeights.Result run(C config, WeightSource source, Batch batch);
  }

  private static <C extends DecoderConfig> void judge(C config, Judge<C> judge, SweepShape shape, TestKernels library) {
    Batch batch = shape.batch();
    try (Kernels kernels = library.open(2);
        DecoderModel model = DecoderModel.create(config, kernels, Precision.FLOAT32, 1)) {
      Samples.randomise(model, 7);
      judge.run(config, model.weightSource(), batch).check(model, batch);
    }
  }
}
