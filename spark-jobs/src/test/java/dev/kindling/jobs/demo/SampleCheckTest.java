package dev.kindling.jobs.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.WeightSource;
import dev.kindling.train.generate.FinishReason;
import dev.kindling.train.generate.Generation;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.LanguageModel;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.Tensor;
import java.util.List;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;

class SampleCheckTest {
  private static final int END = 3;
  private static final List<int[]> PROMPTS = List.of(new int[]{0}, new int[]{1, 2});

  private static List<Generation> drawn(double temperature, float... logits) {
    DemoSettings.Samples settings = new DemoSettings.Samples(List.of("a", "bc"), 20, temperature, 1, 1);
    return SampleCheck.drawn(new Same(logits), PROMPTS, settings, List.of(END));
  }

  private static int tokens(List<Generation> generations) {
    return generations.stream().mapToInt(generation -> generation.tokens().size()).sum();
  }

  @Test
  void whereTextsEndEarlyMoreAreDrawnUntilTheTokensAreThere() {
    List<Generation> all = drawn(1, 0, 0, 0, 0);         // a text ends after 3 tokens on the average
    assertThat(tokens(all)).isGreaterThanOrEqualTo(40);
    assertThat(tokens(all.subList(0, all.size() - 1))).isLessThan(40);
    assertThat(all.stream().filter(text -> text.tokens().size() > 3).distinct().count())
        .isEqualTo(all.stream().filter(text -> text.tokens().size() > 3).count());
  }

  @Test
  void textsAsLongAsAskedForAreOneOfEachPrompt() {
    assertThat(drawn(1, 0, 0, 0, -1e9f)).hasSize(2).allMatch(text -> text.tokens().size() == 20);
  }

  @Test
  void aModelThatSaysNothingIsNotAskedForEver() {
    assertThat(drawn(1, -1e9f, -1e9f, -1e9f, 0)).hasSize(2 * SampleCheck.MOST_ROUNDS);
    assertThat(drawn(0, -1e9f, -1e9f, -1e9f, 0)).hasSize(2);
  }

  @Test
  void onlyWholeWordsAreJudged() {
    assertThat(SampleCheck.wholeWords("We must", " do what is ri", FinishReason.LENGTH)).isEqualTo(" do what is ");
    assertThat(SampleCheck.wholeWords("We must", " do. I don'", FinishReason.LENGTH)).isEqualTo(" do. I ");
    assertThat(SampleCheck.wholeWords("We must", " do it.", FinishReason.LENGTH)).isEqualTo(" do it.");
    assertThat(SampleCheck.wholeWords("We must", " do what is right", FinishReason.STOP))
        .isEqualTo(" do what is right\n");
    assertThat(SampleCheck.wholeWords("Our econom", "ies grow", FinishReason.STOP)).isEqualTo("economies grow\n");
    assertThat(SampleCheck.wholeWords("Our econom", "ies", FinishReason.LENGTH)).isEmpty();
  }

  /** Says the same after whatever it is told. */
  private record Same(float[] next) implements LanguageModel {
    @Override
    public WeightSource weightSource() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Sequence newSequence(int capacity) {
      return new Sequence() {
        private int length;

        @Override
        public int length() {
          return length;
        }

        @Override
        public float[] append(int... tokens) {
          length += tokens.length;
          return next;
        }

        @Override
        public void close() {
        }
      };
    }

    @Override
    public int vocabularySize() {
      return next.length;
    }

    @Override
    public int contextLength() {
      return 64;
    }

    @Override
    public ParameterLayout layout() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Tensor weights() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void weightsChanged() {
      throw new UnsupportedOperationException();
    }

    @Override
    public double accumulate(Batch batch, Tensor gradients, CounterRandom random, LongConsumer whole) {
      throw new UnsupportedOperationException();
    }

    @Override
    public double losses(Batch batch, float[] losses) {
      throw new UnsupportedOperationException();
    }

    @Override
    public float[] logits(Batch batch) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
    }
  }
}
