package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.BloomConfig;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.Experts;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.GptNeoxConfig;
import dev.kindling.checkpoint.HeadShape;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.LlamaFamily;
import dev.kindling.checkpoint.Rope;
import dev.kindling.checkpoint.RopeScaling;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Which tokens have a part in what a decoder says, in one pass and with a cache. */
class DecoderInfluenceTest {
  private static final int VOCABULARY = 67;

  private static DecoderModel model(DecoderConfig config, Kernels kernels) {
    DecoderModel model = DecoderModel.create(config, kernels, Precision.FLOAT32, 1);
    Samples.randomise(model, 3);
    return model;
  }

  private static LlamaConfig mistral(int window) {
    LlamaConfig plain = LlamaConfig.of(LlamaFamily.MISTRAL, VOCABULARY, 64, 32, 1, 4, 2, 48);
    HeadShape a = plain.attention();
    return plain.withAttention(
        new HeadShape(a.heads(), a.keyValueHeads(), a.width(), false, false, List.of(window), a.scalar(), 0));
  }

  private static float[] whole(DecoderModel model, int[] tokens) {
    float[] all = model.logits(Samples.unlabelled(tokens));
    return Arrays.copyOfRange(all, all.length - VOCABULARY, all.length);
  }

  private static float[] cached(DecoderModel model, int[] tokens, int prompt) {
    try (LanguageModel.Sequence sequence = model.newSequence(tokens.length)) {
      float[] logits = sequence.append(Arrays.copyOf(tokens, prompt));
      for (int t = prompt; t < tokens.length; t++) logits = sequence.append(tokens[t]);
      return logits.clone();
    }
  }

  private static int[] tokens(int count) {
    return Arrays.copyOf(Samples.batch(VOCABULARY, 48, 0, 48).inputs(), count);
  }

  /** REPORTS B09: of a window of 4, position 9 sees 6, 7, 8 and itself. */
  @ParameterizedTest
  @EnumSource
  void aWindowOfFourTokensIsFourTokensInOnePassAndWithACache(TestKernels library) {
    try (Kernels kernels = library.open(1); DecoderModel model = model(mistral(4), kernels)) {
      for (int changed = 0; changed < 10; changed++) {
        int[] other = tokens(10);
        other[changed] = (other[changed] + 1) % VOCABULARY;
        boolean seen = changed >= 6;
        assertThat(!Arrays.equals(whole(model, tokens(10)), whole(model, other))).as("%d in one pass", changed)
            .isEqualTo(seen);
        for (int prompt : new int[]{1, 5, 7, 9}) {
          assertThat(!Arrays.equals(cached(model, tokens(10), prompt), cached(model, other, prompt)))
              .as("%d with a cache after %d", changed, prompt).isEqualTo(seen);
        }
      }
    }
  }

  static List<DecoderConfig> families() {
    List<DecoderConfig> all = new ArrayList<>(List.of(Gpt2Config.of(VOCABULARY, 48, 32, 2, 4), mistral(5),
        GptNeoxConfig.of(VOCABULARY, 48, 32, 2, 4), BloomConfig.of(VOCABULARY, 48, 36, 2, 3)));
    for (LlamaFamily kind : LlamaFamily.values()) { all.add(LlamaConfig.of(kind, VOCABULARY, 48, 32, 2, 4, 2, 48)); }
    LlamaConfig llama = LlamaConfig.of(LlamaFamily.LLAMA, VOCABULARY, 48, 32, 2, 4, 4, 48);
    all.add(llama.withRope(new Rope(10_000, 1, 24, new RopeScaling.Dynamic(2))));
    all.add(llama.withRope(new Rope(10_000, 1, 48, new RopeScaling.LongRope(List.of(1.0, 1.5, 2.0, 3.0),
        List.of(2.0, 4.0, 6.0, 8.0), 1.2, 20))));
    return all;
  }

  /** Also where frequencies change with the length: the cache forgets then. */
  @ParameterizedTest
  @MethodSource("families")
  void theCacheGivesTheLogitsOfTheWholeText(DecoderConfig config) {
    try (Kernels kernels = TestKernels.BEST.open(2);
        DecoderModel model = model(config, kernels);
        LanguageModel.Sequence sequence = model.newSequence(48)) {
      int[] text = tokens(48);
      for (int length = 1; length <= 48; length++) {
        float[] found = sequence.append(text[length - 1]);
        assertThat(sequence.length()).isEqualTo(length);
        Agreement.FLOAT32.check("logits after " + length, found, whole(model, Arrays.copyOf(text, length)), 0);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void aLaterTokenNeverChangesEarlierLogits(DecoderConfig config) {
    try (Kernels kernels = TestKernels.BEST.open(1); DecoderModel model = model(config, kernels)) {
      int[] text = tokens(24);
      int[] other = text.clone();
      other[23] = (other[23] + 1) % VOCABULARY;
      float[] before = model.logits(Samples.unlabelled(text));
      float[] after = model.logits(Samples.unlabelled(other));
      int last = 23 * VOCABULARY;
      assertThat(Arrays.copyOf(after, last)).containsExactly(Arrays.copyOf(before, last));
      assertThat(Arrays.copyOfRange(after, last, after.length))
          .isNotEqualTo(Arrays.copyOfRange(before, last, before.length));
    }
  }

  /** 20 tokens: of what is longer, some of the families turn positions by other angles. */
  @ParameterizedTest
  @MethodSource("families")
  void documentsKeptApartInARowGiveWhatTheyGiveInRowsOfTheirOwn(DecoderConfig config) {
    int endOfText = VOCABULARY - 1;
    int[] starts = {0, 5, 6, 20};
    Batch joined = Samples.batch(endOfText, 20, 3, 20);
    Batch[] alone = new Batch[3];
    for (int i = 0; i < 3; i++) {
      if (i > 0) joined.inputs()[starts[i]] = endOfText;     // the next document begins
      int time = starts[i + 1] - starts[i];
      alone[i] = new Batch(1, time, Arrays.copyOfRange(joined.inputs(), starts[i], starts[i + 1]),
          Arrays.copyOfRange(joined.targets(), starts[i], starts[i + 1]), null, new long[1]);
    }
    for (TestKernels library : TestKernels.values()) {
      try (Kernels kernels = library.open(2); DecoderModel model = model(withoutRouterLoss(config), kernels)) {
        Computed found = Computed.of(model, joined.apart(endOfText));
        found.agreesWith(Computed.of(model, alone), model);
        assertThat(Computed.of(model, joined).loss()).as("%s, seen by each other", library)
            .isNotEqualTo(found.loss());
      }
    }
  }

  /** What routers pay depends on all that a micro-batch has. */
  private static DecoderConfig withoutRouterLoss(DecoderConfig config) {
    return config instanceof LlamaConfig llama && llama.experts() != null
        ? llama.withExperts(new Experts(8, 2, 0, 0, false))
        : config;
  }
}
