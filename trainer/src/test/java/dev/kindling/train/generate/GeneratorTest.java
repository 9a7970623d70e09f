package dev.kindling.train.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.UserError;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Agreement;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.model.LanguageModel;
import dev.kindling.train.model.Samples;
import dev.kindling.train.model.TestKernels;
import dev.kindling.train.tensor.Precision;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GeneratorTest {
  private static final int VOCABULARY = 61;
  private static final Gpt2Config CONFIG = Gpt2Config.of(VOCABULARY, 48, 32, 2, 4);
  private static final List<int[]> PROMPTS = List.of(new int[]{5}, new int[]{1, 2, 3, 4, 5}, new int[]{60, 0, 7},
      new int[]{5, 9});

  private static DecoderModel model(Kernels kernels, Precision precision) {
    DecoderModel model = DecoderModel.create(CONFIG, kernels, precision, 1);
    Samples.randomise(model, 3);
    return model;
  }

  /** Logits after the last token, by the forward pass of training. */
  private static float[] recomputed(LanguageModel model, int... tokens) {
    int[] targets = new int[tokens.length];
    Arrays.fill(targets, Kernels.IGNORED);
    float[] all = model.logits(new Batch(1, tokens.length, tokens, targets, null, new long[1]));
    return Arrays.copyOfRange(all, all.length - VOCABULARY, all.length);
  }

  private static int[] tokens(int count) {
    return Arrays.copyOf(Samples.batch(VOCABULARY, 48, 0, 48).inputs(), count);
  }

  @ParameterizedTest
  @EnumSource
  void theCacheGivesTheLogitsOfTheWholeForwardPass(TestKernels library) {
    try (Kernels kernels = library.open(2)) {
      for (Precision precision : Precision.values()) {
        Agreement rule = precision == Precision.FLOAT32 ? Agreement.FLOAT32 : Agreement.BFLOAT16;
        try (DecoderModel model = model(kernels, precision);
            LanguageModel.Sequence oneByOne = model.newSequence(48);
            LanguageModel.Sequence inPieces = model.newSequence(48)) {
          int[] text = tokens(48);
          for (int length = 1; length <= 48; length++) {
            float[] expected = recomputed(model, Arrays.copyOf(text, length));
            rule.check("logits after " + length, oneByOne.append(text[length - 1]), expected, 0);
            assertThat(oneByOne.length()).isEqualTo(length);
            if (length % 12 == 0) {
              int[] piece = Arrays.copyOfRange(text, length - 12, length);
              rule.check("logits after a piece up to " + length, inPieces.append(piece), expected, 0);
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void greedyTextIsThatOfTheWholeForwardPass(TestKernels library) {
    try (Kernels kernels = library.open(2); DecoderModel model = model(kernels, Precision.FLOAT32)) {
      for (int[] prompt : PROMPTS) {
        Generation found = Generator.generate(model, prompt, 20, List.of(), Sampler.greedy());
        int[] text = prompt;
        for (int i = 0; i < 20; i++) {
          float[] logits = recomputed(model, text);
          int best = 0;
          for (int v = 1; v < VOCABULARY; v++) if (logits[v] > logits[best]) best = v;
          assertThat(found.tokens().get(i)).isEqualTo(best);
          text = Arrays.copyOf(text, text.length + 1);
          text[text.length - 1] = best;
        }
        assertThat(found.after(prompt)).containsExactly(text);
        assertThat(found.finishReason()).isEqualTo(FinishReason.LENGTH);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void eachPromptOfABatchIsContinuedBitForBitAsAlone(TestKernels library) {
    try (Kernels kernels = library.open(2)) {
      for (Precision precision : Precision.values()) {
        for (Sampler sampler : List.of(Sampler.greedy(), new Sampler(0.8, 20, 0.95, 7))) {
          try (DecoderModel model = model(kernels, precision)) {
            List<Generation> together = Generator.generate(model, PROMPTS, 12, List.of(), sampler);
            for (int i = 0; i < PROMPTS.size(); i++) {
              Generation alone = Generator.generate(model, PROMPTS.get(i), 12, List.of(), sampler);
              assertThat(together.get(i)).isEqualTo(alone);        // log-probabilities too
              assertThat(alone.logProbabilities()).allMatch(p -> p <= 0 && p > -100);
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void thePromptGivenTwiceIsDrawnForAnewAndASeedRepeatsIt(TestKernels library) {
    try (Kernels kernels = library.open(1); DecoderModel model = model(kernels, Precision.FLOAT32)) {
      List<int[]> twice = List.of(new int[]{3, 1}, new int[]{3, 1});
      Sampler sampler = new Sampler(1.5, 0, 1, 1);
      List<Generation> found = Generator.generate(model, twice, 20, List.of(), sampler);
      assertThat(found.get(0)).isNotEqualTo(found.get(1));
      assertThat(Generator.generate(model, twice, 20, List.of(), sampler)).isEqualTo(found);
      assertThat(Generator.generate(model, twice, 20, List.of(), new Sampler(1.5, 0, 1, 2))).isNotEqualTo(found);
    }
  }

  @ParameterizedTest
  @EnumSource
  void anyStopTokenEndsTheTextAndIsNoPartOfIt(TestKernels library) {
    try (Kernels kernels = library.open(1); DecoderModel model = model(kernels, Precision.FLOAT32)) {
      int[] prompt = {1, 2, 3, 4, 5};
      Generation free = Generator.generate(model, prompt, 20, List.of(), Sampler.greedy());
      for (int stop : List.of(free.tokens().get(0), free.tokens().get(4), free.tokens().get(19))) {
        int unused = 0;
        while (free.tokens().contains(unused)) unused++;
        Generation found = Generator.generate(model, prompt, 20, List.of(unused, stop), Sampler.greedy());
        assertThat(found.tokens()).isEqualTo(free.tokens().subList(0, free.tokens().indexOf(stop)));
        assertThat(found.finishReason()).isEqualTo(FinishReason.STOP);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void theContextsEndEndsTheText(TestKernels library) {
    try (Kernels kernels = library.open(1); DecoderModel model = model(kernels, Precision.FLOAT32)) {
      Generation found = Generator.generate(model, tokens(46), 100, List.of(), Sampler.greedy());
      assertThat(found.tokens()).hasSize(2);
      assertThat(found.finishReason()).isEqualTo(FinishReason.LENGTH);
      assertThat(Generator.generate(model, tokens(48), 5, List.of(), Sampler.greedy()).tokens()).isEmpty();
      assertThat(Generator.generate(model, tokens(4), 0, List.of(), Sampler.greedy()).tokens()).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aPromptThatCannotBeContinuedIsRefusedByNumber(TestKernels library) {
    try (Kernels kernels = library.open(1); DecoderModel model = model(kernels, Precision.FLOAT32)) {
      int[] tooLong = new int[49];
      List<int[]> prompts = List.of(new int[]{1}, tooLong);
      assertThatThrownBy(() -> Generator.generate(model, prompts, 5, List.of(), Sampler.greedy()))
          .isInstanceOf(UserError.class).hasMessageContaining("prompt 2 of 2 has 49 tokens").hasMessageContaining("48");
      assertThatThrownBy(() -> Generator.generate(model, new int[0], 5, List.of(), Sampler.greedy()))
          .isInstanceOf(UserError.class).hasMessageContaining("empty");
      assertThatThrownBy(() -> Generator.generate(model, new int[]{61}, 5, List.of(), Sampler.greedy()))
          .isInstanceOf(UserError.class).hasMessageContaining("vocabulary of 61");
    }
  }
}
