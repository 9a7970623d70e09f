package dev.kindling.train.generate;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.tensor.CounterRandom;
import java.util.Arrays;

/**
 * Picks the next token from its logits. In this order: logits are divided by the temperature; only the {@code topK}
 * largest stay; of these only the fewest whose probabilities add up to {@code topP} (nucleus sampling, Holtzman et al.
 * 2020, section 3.1); one is drawn. Tokens with equal logits are ranked by id, smallest first. The draw is a pure
 * function of the seed, the prompt and the token's place: prompts may be run in any order and company.
 *
 * @param temperature 0: always the likeliest token (greedy); 1: the model's own distribution
 * @param topK 0: all
 * @param topP in (0, 1]; 1: all
 */
public record Sampler(double temperature, int topK, double topP, long seed) {
  public Sampler {
    require(temperature >= 0 && temperature < Double.POSITIVE_INFINITY, "temperature", temperature,
        "0 (greedy) or a positive number");
    require(topK >= 0, "topK", topK, "a number of tokens, or 0 for all");
    require(topP > 0 && topP <= 1, "topP", topP, "above 0 and at most 1");
  }

  /** Always the likeliest token; of equals the one with the smallest id. */
  public static Sampler greedy() {
    return new Sampler(0, 0, 1, 0);
  }

  /** The random numbers of one text. @param copy 0, 1, ... where the same prompt is continued several times */
  CounterRandom random(int[] prompt, int copy) {
    return CounterRandom.of(seed, "copy " + copy + " of " + Arrays.toString(prompt));
  }

  /**
   * @param logits of the whole vocabulary; not changed
   * @param random of the text; @param position of the token after the prompt, from 0
   */
  int pick(float[] logits, CounterRandom random, long position) {
    return temperature == 0 || topK == 1 ? likeliest(logits) : draw(logits, random.uniform(position));
  }

  private static int likeliest(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
    return best;
  }

  private int draw(float[] logits, double u) {
    int[] ids = topK > 0 || topP < 1 ? ranked(logits) : null;
    int count = topK > 0 ? Math.min(topK, logits.length) : logits.length;
    double[] weights = new double[count];
    double most = logits[likeliest(logits)];
    double sum = 0;
    for (int i = 0; i < count; i++) {
      weights[i] = Math.exp((logits[ids == null ? i : ids[i]] - most) / temperature);
      sum += weights[i];
    }
    if (topP < 1) {
      double kept = 0;
      int n = 0;
      while (n < count && kept < topP * sum) kept += weights[n++];
      count = n;
      sum = kept;
    }
    double left = u * sum;
    int last = 0;
    for (int i = 0; i < count; i++) {
      if (weights[i] == 0) continue;
      last = i;
      left -= weights[i];
      if (left < 0) break;
    }
    return ids == null ? last : ids[last];
  }

  /** Ids from the largest logit to the smallest, equals by id. */
  private static int[] ranked(float[] logits) {
    long[] keys = new long[logits.length];
    for (int i = 0; i < keys.length; i++) {
      int bits = Float.floatToIntBits(logits[i] + 0f);         // -0 is 0
      int ascending = bits ^ (bits >> 31 & 0x7fffffff);        // as signed ints, floats in order
      keys[i] = (long) ~ascending << 32 | i;
    }
    Arrays.sort(keys);
    int[] ids = new int[keys.length];
    for (int i = 0; i < ids.length; i++) ids[i] = (int) keys[i];
    return ids;
  }
}
