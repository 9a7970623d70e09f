package dev.kindling.data.clean;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The repetition filter of Gopher (Rae et al. 2021, arXiv:2112.11446, Table A1). A document goes in which more is repeated than
 *
 * <pre>
 *   lines 0.30   their characters 0.20      paragraphs 0.30   their characters 0.20
 *   characters in the most frequent run of   2 words 0.20   3 words 0.18   4 words 0.16
 *   characters in runs that were there before, of   5 words 0.15   6: 0.14   7: 0.13   8: 0.12   9: 0.11   10: 0.10
 * </pre>
 *
 * The paper leaves open what counts: here the second and later occurrences of a line, a paragraph or a long run are repeated, all
 * of the most frequent short run (of equally frequent ones that with most characters; one that occurs once is none); characters of
 * words count, none twice. A word is what stands between spaces, a paragraph what stands between empty lines.
 */
public final class GopherRepetition implements Rule {
  private static final long serialVersionUID = 1L;

  private static final double[] FREQUENT = {0.20, 0.18, 0.16};
  private static final double[] REPEATED = {0.15, 0.14, 0.13, 0.12, 0.11, 0.10};

  @Override
  public String name() {
    return "repetition";
  }

  @Override
  public List<String> tests() {
    return Stream.concat(Stream.of("lines", "paragraphs"), IntStream.rangeClosed(2, 10).mapToObj(n -> "words" + n))
        .toList();
  }

  @Override
  public Outcome apply(String text) {
    String wrong = units("lines", PlainWords.lines(text));
    if (wrong == null) wrong = units("paragraphs", PlainWords.paragraphs(text));
    if (wrong == null) wrong = runs(PlainWords.of(text));
    return wrong == null ? Outcome.keep(text) : new Outcome(text, name() + "." + wrong);
  }

  private static String units(String what, List<String> units) {
    Set<String> seen = new HashSet<>();
    long characters = 0;
    long repeatedCharacters = 0;
    for (String unit : units) {
      characters += unit.length();
      if (!seen.add(unit)) repeatedCharacters += unit.length();
    }
    double repeated = share(units.size() - seen.size(), units.size());
    if (repeated > 0.30) return reason(what, "%.3f of the " + what + " are repeated, more than %s", repeated, 0.30);
    double inside = share(repeatedCharacters, characters);
    if (inside > 0.20)
      return reason(what, "%.3f of the characters are in repeated " + what + ", more than %s", inside, 0.20);
    return null;
  }

  private static String runs(List<String> words) {
    int count = words.size();
    long[] hashes = new long[count];
    int[] lengths = new int[count];
    long characters = 0;
    for (int i = 0; i < count; i++) {
      String word = words.get(i);
      for (int k = 0; k < word.length(); k++) hashes[i] = Hashing.then(hashes[i], word.charAt(k));
      lengths[i] = word.length();
      characters += word.length();
    }
    long[] runs = hashes.clone();
    for (int n = 2; n <= 10 && n <= count; n++) {
      for (int i = 0; i + n <= count; i++) runs[i] = Hashing.then(runs[i], hashes[i + n - 1]);
      int last = count - n;
      double share = share(n <= 4 ? mostFrequent(runs, lengths, n, last) : repeated(runs, lengths, n, last),
          characters);
      double most = n <= 4 ? FREQUENT[n - 2] : REPEATED[n - 5];
      String where = n <= 4 ? "the most frequent " + n + " words" : "repeated runs of " + n + " words";
      if (share > most)
        return reason("words" + n, "%.3f of the characters are in " + where + ", more than %s", share, most);
    }
    return null;
  }

  /** Characters in all occurrences of the most frequent run. */
  private static long mostFrequent(long[] runs, int[] lengths, int n, int last) {
    LongCounts counts = new LongCounts(last + 1);
    int most = 0;
    for (int i = 0; i <= last; i++) most = Math.max(most, counts.add(runs[i]));
    if (most < 2) return 0;
    long chosen = 0;
    long longest = -1;
    for (int i = 0; i <= last; i++) {
      if (counts.count(runs[i]) != most) continue;
      long length = 0;
      for (int k = 0; k < n; k++) length += lengths[i + k];
      if (length > longest) {
        longest = length;
        chosen = runs[i];
      }
    }
    long covered = 0;
    int until = 0;                                   // words before this one are counted
    for (int i = 0; i <= last; i++) {
      if (runs[i] != chosen) continue;
      for (int k = Math.max(i, until); k < i + n; k++) covered += lengths[k];
      until = i + n;
    }
    return covered;
  }

  /** Characters in runs that stood earlier in the text. */
  private static long repeated(long[] runs, int[] lengths, int n, int last) {
    LongCounts counts = new LongCounts(last + 1);
    long covered = 0;
    int until = 0;
    for (int i = 0; i <= last; i++) {
      if (counts.add(runs[i]) == 1) continue;
      for (int k = Math.max(i, until); k < i + n; k++) covered += lengths[k];
      until = i + n;
    }
    return covered;
  }

  private static double share(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }

  private static String reason(String test, String format, double found, double most) {
    return test + ": " + String.format(Locale.ROOT, format, found, most);
  }
}
