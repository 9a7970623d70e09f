package dev.kindling.train.objective;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.tensor.CounterRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Say which tokens were hidden (Devlin et al. 2019, section 3.1): a share of a text's tokens is chosen; 80 of 100 of them are
 * replaced by the mask token, 10 by a random one, 10 stay; only they count. Chosen anew each time a text is read (Liu et al.
 * 2019, section 4.1), as a pure function of (seed, step, sample).
 *
 * @param maskToken what stands for a hidden token
 * @param padToken what stands where a row has ended
 * @param vocabularySize random replacements are below it
 * @param special tokens that are never chosen, such as those that begin and end a text
 * @param share of the tokens that are chosen; the paper's is 0.15
 */
public record MaskedWords(int maskToken, int padToken, int vocabularySize, Set<Integer> special, double share) {
  /** The paper's share. */
  public static final double SHARE = 0.15;
  private static final double REPLACED = 0.8;
  private static final double RANDOM = 0.9;

  public MaskedWords {
    UserError.require(share > 0 && share < 1, "maskedShare", share, "above 0 and below 1, such as 0.15");
    special = Set.copyOf(special);
  }

  /**
   * @param rows token ids, of any lengths
   * @param sampleIds the dataset's number of each
   * @param step in which they are read, so that another epoch hides other tokens
   */
  public EncoderBatch batch(List<int[]> rows, long[] sampleIds, long seed, long step) {
    int time = rows.stream().mapToInt(row -> row.length).max().orElse(0);
    int[] inputs = new int[Math.multiplyExact(rows.size(), time)];
    int[] targets = new int[inputs.length];
    int[] lengths = new int[rows.size()];
    Arrays.fill(inputs, padToken);
    Arrays.fill(targets, Kernels.IGNORED);
    for (int r = 0; r < lengths.length; r++) {
      int[] row = rows.get(r);
      lengths[r] = row.length;
      System.arraycopy(row, 0, inputs, r * time, row.length);
      CounterRandom random = CounterRandom.of(seed, "masked words of sample " + sampleIds[r] + " in step " + step);
      for (int place : chosen(row, random)) {
        targets[r * time + place] = row[place];
        inputs[r * time + place] = replaced(row[place], place, random);
      }
    }
    return new EncoderBatch(lengths.length, time, inputs, null, lengths, targets, null, sampleIds.clone());
  }

  /** The nearest whole number of the row's tokens to the share, at least one, each with the same chance. */
  private int[] chosen(int[] row, CounterRandom random) {
    int[] places = new int[row.length];
    int n = 0;
    for (int t = 0; t < row.length; t++) if (!special.contains(row[t])) places[n++] = t;
    int count = n == 0 ? 0 : (int) Math.max(1, Math.rint(share * n));
    for (int i = 0; i < count; i++) {                      // a shuffle that stops early (Knuth, algorithm P)
      int other = i + (int) (random.uniform(i) * (n - i));
      int place = places[other];
      places[other] = places[i];
      places[i] = place;
    }
    return Arrays.copyOf(places, count);
  }

  private int replaced(int token, int place, CounterRandom random) {
    double kind = random.uniform((1L << 32) + 2L * place);
    if (kind < REPLACED) return maskToken;
    return kind < RANDOM ? (int) (random.uniform((1L << 32) + 2L * place + 1) * vocabularySize) : token;
  }
}
