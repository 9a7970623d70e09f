package dev.kindling.data.clean;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The quality filter of Gopher (Rae et al. 2021, arXiv:2112.11446, section A.1.1), for English prose. A word is what stands between
 * spaces. A document is kept that has 50 to 100,000 words of 3 to 10 characters on the average; at most 0.1 hashes and 0.1
 * ellipses a word; at most 90% of lines that begin with a bullet and 30% that end with an ellipsis; a letter in at least 80% of its
 * words; and at least two of the words the, be, to, of, and, that, have, with.
 */
public final class GopherQuality implements Rule {
  private static final long serialVersionUID = 1L;

  private static final Set<String> STOP_WORDS = Set.of("the", "be", "to", "of", "and", "that", "have", "with");
  private static final String BULLETS = "\u2022\u2023\u25CF\u25E6\u25AA\u00B7*-\u2013";

  @Override
  public String name() {
    return "gopher";
  }

  @Override
  public List<String> tests() {
    return List.of("words", "wordLength", "symbols", "lines", "letters", "stopWords");
  }

  @Override
  public Outcome apply(String text) {
    List<String> words = PlainWords.of(text);
    int count = words.size();
    if (count < 50) return Outcome.drop(text, "gopher.words", "%d words, fewer than 50", count);
    if (count > 100_000) return Outcome.drop(text, "gopher.words", "%d words, more than 100000", count);
    double length = words.stream().mapToInt(word -> word.codePointCount(0, word.length())).average().orElse(0);
    if (length < 3 || length > 10)
      return Outcome.drop(text, "gopher.wordLength", "%.2f characters a word, not 3 to 10", length);
    double hashes = (double) count(text, "#") / count;
    double ellipses = (double) (count(text, "...") + count(text, "\u2026")) / count;
    if (hashes > 0.1 || ellipses > 0.1)
      return Outcome.drop(text, "gopher.symbols", "%.3f hashes and %.3f ellipses a word, more than 0.1", hashes,
          ellipses);
    String lines = wrongLines(PlainWords.lines(text));
    if (lines != null) return Outcome.drop(text, "gopher.lines", "%s", lines);
    double alphabetic = (double) words.stream().filter(word -> word.codePoints().anyMatch(Characters::isLetter)).count()
        / count;
    if (alphabetic < 0.8)
      return Outcome.drop(text, "gopher.letters", "%.3f of the words have a letter, fewer than 0.8", alphabetic);
    int stopWords = stopWords(words);
    if (stopWords < 2)
      return Outcome.drop(text, "gopher.stopWords", "%d of the, be, to, of, and, that, have, with; fewer than 2",
          stopWords);
    return Outcome.keep(text);
  }

  private static String wrongLines(List<String> lines) {
    double bullets = (double) lines.stream().filter(line -> BULLETS.indexOf(line.charAt(0)) >= 0).count()
        / lines.size();
    double cut = (double) lines.stream().filter(line -> line.endsWith("...") || line.endsWith("\u2026")).count()
        / lines.size();
    if (bullets > 0.9)
      return String.format(Locale.ROOT, "%.3f of the lines begin with a bullet, more than 0.9", bullets);
    if (cut > 0.3) return String.format(Locale.ROOT, "%.3f of the lines end with an ellipsis, more than 0.3", cut);
    return null;
  }

  private static int stopWords(List<String> words) {
    Set<String> found = new HashSet<>();
    for (String word : words) {
      int from = 0;
      int to = word.length();
      while (from < to && !Characters.isLetter(word.codePointAt(from)))
        from += Character.charCount(word.codePointAt(from));
      while (to > from && !Characters.isLetter(word.codePointBefore(to)))
        to -= Character.charCount(word.codePointBefore(to));
      if (to - from > 4 || to == from) continue;
      String plain = word.substring(from, to).toLowerCase(Locale.ROOT);
      if (STOP_WORDS.contains(plain)) found.add(plain);
    }
    return found.size();
  }

  private static int count(String text, String what) {
    int count = 0;
    for (int at = text.indexOf(what); at >= 0; at = text.indexOf(what, at + what.length())) count++;
    return count;
  }
}
