package dev.kindling.jobs.config;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** The name that was probably meant: the one with the fewest edits (Damerau 1964: insert, delete, replace, transpose). */
public final class NearestName {
  private NearestName() {
  }

  /** @return the nearest of the allowed names, if it is near enough to be a slip */
  public static Optional<String> of(String found, Collection<String> allowed) {
    String nearest = null;
    int fewest = Integer.MAX_VALUE;
    for (String name : allowed) {
      int edits = edits(plain(found), plain(name));
      if (edits < fewest) {
        fewest = edits;
        nearest = name;
      }
    }
    boolean near = nearest != null && fewest <= Math.max(1, Math.max(found.length(), nearest.length()) / 3);
    return near ? Optional.of(nearest) : Optional.empty();
  }

  /** Case and word separators do not count: {@code warmup_steps} is {@code warmupSteps}. */
  private static String plain(String name) {
    return name.replace("_", "").replace("-", "").toLowerCase(Locale.ROOT);
  }

  private static int edits(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) d[i][0] = i;
    for (int j = 0; j <= b.length(); j++) d[0][j] = j;
    for (int i = 1; i <= a.length(); i++) {
      for (int j = 1; j <= b.length(); j++) {
        int replace = d[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        d[i][j] = Math.min(replace, 1 + Math.min(d[i - 1][j], d[i][j - 1]));
        boolean swapped = i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
        if (swapped) d[i][j] = Math.min(d[i][j], 1 + d[i - 2][j - 2]);
      }
    }
    return d[a.length()][b.length()];
  }
}
