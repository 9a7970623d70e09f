package dev.kindling.train.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import java.util.Arrays;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class SamplerTest {
  private static final int DRAWS = 20_000;

  /** How often each token is drawn, as a share. */
  private static double[] shares(Sampler sampler, float... logits) {
    double[] shares = new double[logits.length];
    var random = sampler.random(new int[]{1}, 0);
    for (int i = 0; i < DRAWS; i++) shares[sampler.pick(logits, random, i)] += 1.0 / DRAWS;
    return shares;
  }

  private static float[] logs(double... probabilities) {
    float[] logits = new float[probabilities.length];
    for (int i = 0; i < logits.length; i++) logits[i] = (float) Math.log(probabilities[i]) + 3;
    return logits;
  }

  private static void assertShares(double[] found, double... expected) {
    for (int i = 0; i < expected.length; i++) {
      double error = 5 * Math.sqrt(expected[i] * (1 - expected[i]) / DRAWS);   // five standard errors, none at 0 and 1
      assertThat(found[i]).as("share of token %d of %s", i, Arrays.toString(found)).isCloseTo(expected[i],
          Offset.offset(error + 1e-9));
    }
  }

  @Test
  void greedyTakesTheLargestLogitAndOfEqualsTheSmallestId() {
    Sampler greedy = Sampler.greedy();
    var random = greedy.random(new int[]{1}, 0);
    assertThat(greedy.pick(new float[]{1, 3, 2}, random, 0)).isEqualTo(1);
    assertThat(greedy.pick(new float[]{1, 3, 3, 3}, random, 0)).isEqualTo(1);
    assertThat(greedy.pick(new float[]{-0f, 0f}, random, 0)).isZero();
    assertThat(greedy.pick(new float[]{Float.NEGATIVE_INFINITY, -5}, random, 0)).isEqualTo(1);
  }

  @Test
  void temperatureOneDrawsFromTheModelsOwnDistribution() {
    assertShares(shares(new Sampler(1, 0, 1, 9), logs(0.5, 0.1, 0.4)), 0.5, 0.1, 0.4);
  }

  @Test
  void temperatureDividesLogits() {
    double sum = 0.5 * 0.5 + 0.1 * 0.1 + 0.4 * 0.4;       // at temperature 1/2 probabilities are squared
    assertShares(shares(new Sampler(0.5, 0, 1, 9), logs(0.5, 0.1, 0.4)), 0.25 / sum, 0.01 / sum, 0.16 / sum);
  }

  @Test
  void topKKeepsTheLargestAndOfEqualsTheSmallestIds() {
    assertShares(shares(new Sampler(1, 2, 1, 9), logs(0.1, 0.5, 0.4)), 0, 5 / 9.0, 4 / 9.0);
    assertShares(shares(new Sampler(1, 2, 1, 9), logs(0.2, 0.4, 0.2, 0.2)), 1 / 3.0, 2 / 3.0, 0, 0);
    assertShares(shares(new Sampler(1, 9, 1, 9), logs(0.5, 0.5)), 0.5, 0.5);
    assertShares(shares(new Sampler(1, 1, 1, 9), logs(0.4, 0.6)), 0, 1);
  }

  @Test
  void topPKeepsTheFewestThatReachIt() {
    assertShares(shares(new Sampler(1, 0, 0.6, 9), logs(0.1, 0.5, 0.4)), 0, 5 / 9.0, 4 / 9.0);
    assertShares(shares(new Sampler(1, 0, 0.4, 9), logs(0.1, 0.5, 0.4)), 0, 1, 0);
    assertShares(shares(new Sampler(1, 0, 1e-9, 9), logs(0.1, 0.5, 0.4)), 0, 1, 0);
  }

  @Test
  void topPCountsWhatTopKLeft() {
    assertShares(shares(new Sampler(1, 2, 0.5, 9), logs(0.1, 0.5, 0.4)), 0, 1, 0);       // 5/9 of what is left
  }

  @Test
  void anImpossibleTokenIsNeverDrawn() {
    assertShares(shares(new Sampler(5, 0, 1, 9), Float.NEGATIVE_INFINITY, 1, Float.NEGATIVE_INFINITY), 0, 1, 0);
  }

  @Test
  void theSameSeedDrawsTheSame() {
    float[] logits = logs(0.2, 0.3, 0.5);
    Sampler one = new Sampler(1, 0, 1, 4);
    Sampler other = new Sampler(1, 0, 1, 5);
    int differ = 0;
    for (int i = 0; i < 100; i++) {
      int first = one.pick(logits, one.random(new int[]{1}, 0), i);
      assertThat(one.pick(logits, one.random(new int[]{1}, 0), i)).isEqualTo(first);
      if (other.pick(logits, other.random(new int[]{1}, 0), i) != first) differ++;
    }
    assertThat(differ).isGreaterThan(20);
  }

  @Test
  void whatCannotBeDrawnFromIsRefused() {
    assertThatThrownBy(() -> new Sampler(-1, 0, 1, 0)).isInstanceOf(UserError.class)
        .hasMessageContaining("temperature");
    assertThatThrownBy(() -> new Sampler(1, -1, 1, 0)).isInstanceOf(UserError.class).hasMessageContaining("topK");
    assertThatThrownBy(() -> new Sampler(1, 0, 0, 0)).isInstanceOf(UserError.class).hasMessageContaining("topP");
    assertThatThrownBy(() -> new Sampler(Double.NaN, 0, 1, 0)).isInstanceOf(UserError.class);
  }
}
