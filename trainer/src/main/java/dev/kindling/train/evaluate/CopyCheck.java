package dev.kindling.train.evaluate;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Whether samples speak the corpus' language without reciting it. */
public final class CopyCheck {
  private static final Pattern WORD = Pattern.compile("\\p{L}+(?:['’]\\p{L}+)*");

  private CopyCheck() {
  }

  /**
   * The part of the samples' words that occur in the corpus, exactly as they are written; 1 where there is no word. A word is
   * a run of letters, apostrophes within it included. The last word of a sample may be cut off and does not count.
   */
  public static double knownWords(List<String> samples, Iterable<String> corpus) {
    Set<String> known = new HashSet<>();
    for (String text : corpus) { for (Matcher words = WORD.matcher(text); words.find();) known.add(words.group()); }
    long all = 0;
    long found = 0;
    for (String sample : samples) {
      for (Matcher words = WORD.matcher(sample); words.find();) {
        if (words.end() == sample.length()) break;
        all++;
        if (known.contains(words.group())) found++;
      }
    }
    return all == 0 ? 1 : (double) found / all;
  }

  /** How many tokens the longest run has that stands in the sample and, in one piece, in a document. */
  public static int longestCopy(int[] sample, Iterable<int[]> documents) {
    Map<Integer, int[]> places = places(sample);
    int longest = 0;
    for (int[] tokens : documents) {
      int[] runs = new int[sample.length];       // [i]: tokens that end at sample[i] and at the document's place alike
      int[] former = {};
      for (int token : tokens) {
        int[] here = places.getOrDefault(token, new int[0]);
        // from right to left: runs[i - 1] still is the one of the document's former place
        for (int j = here.length - 1; j >= 0; j--) {
          int i = here[j];
          runs[i] = i == 0 ? 1 : runs[i - 1] + 1;
          longest = Math.max(longest, runs[i]);
        }
        for (int i : former) if (sample[i] != token) runs[i] = 0;
        former = here;
      }
    }
    return longest;
  }

  private static Map<Integer, int[]> places(int[] sample) {
    Map<Integer, int[]> places = new HashMap<>();
    for (int i = 0; i < sample.length; i++) {
      int at = i;
      places.merge(sample[i], new int[]{at}, (before, one) -> {
        int[] more = Arrays.copyOf(before, before.length + 1);
        more[before.length] = at;
        return more;
      });
    }
    return places;
  }
}
