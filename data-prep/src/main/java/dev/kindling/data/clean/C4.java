package dev.kindling.data.clean;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The rules of the Colossal Clean Crawled Corpus (Raffel et al. 2019, arXiv:1910.10683, section 2.2) for English web pages. Only
 * lines stay that end with a period, an exclamation mark, a question mark or a closing quotation mark, have at least five words and
 * speak neither of JavaScript nor of policies and cookies; markers of citations go. Where empty lines stood between them one stays:
 * other steps look for paragraphs. Pages go with "lorem ipsum", with a curly bracket, or with fewer than three sentences left. The
 * paper's other rules are steps of their own: language, own patterns (for its list of bad words), repeated paragraphs.
 */
public final class C4 implements Rule {
  private static final long serialVersionUID = 1L;

  private static final Pattern CITATION = Pattern.compile("\\[(?:\\d{1,4}|edit|citation needed)\\]");
  private static final List<String> BOILERPLATE = List.of("javascript", "terms of use", "privacy policy",
      "cookie policy",
      "uses cookies", "use of cookies", "use cookies");
  private static final String ENDS = ".!?\"\u201D";
  private static final String CLOSING = "\"'\u201D\u2019)]";

  @Override
  public String name() {
    return "c4";
  }

  @Override
  public List<String> tests() {
    return List.of("loremIpsum", "brackets", "sentences");
  }

  @Override
  public Outcome apply(String text) {
    if (text.toLowerCase(Locale.ROOT).contains("lorem ipsum"))
      return Outcome.drop(text, "c4.loremIpsum", "has the words lorem ipsum");
    int bracket = text.indexOf('{');
    if (bracket >= 0 || text.indexOf('}') >= 0) return Outcome.drop(text, "c4.brackets", "has a curly bracket");
    StringBuilder kept = new StringBuilder(text.length());
    int sentences = 0;
    boolean gap = false;
    for (String line : text.split("\n", -1)) {
      gap |= line.isBlank();
      String plain = CITATION.matcher(line).replaceAll("").strip();
      if (!isProse(plain)) continue;
      if (!kept.isEmpty()) kept.append(gap ? "\n\n" : "\n");
      gap = false;
      kept.append(plain);
      sentences += sentences(plain);
    }
    if (sentences < 3)
      return Outcome.drop(text, "c4.sentences", "%d sentences in lines of prose, fewer than 3", sentences);
    return Outcome.keep(kept.toString());
  }

  private static boolean isProse(String line) {
    if (line.isEmpty() || ENDS.indexOf(line.charAt(line.length() - 1)) < 0) return false;
    if (PlainWords.of(line).size() < 5) return false;
    String lower = line.toLowerCase(Locale.ROOT);
    return BOILERPLATE.stream().noneMatch(lower::contains);
  }

  /** A sentence ends with . ! or ?, and closing marks, before a space; or with its line. */
  private static int sentences(String line) {
    int sentences = 1;
    for (int i = 0; i < line.length(); i++) {
      if (".!?".indexOf(line.charAt(i)) < 0) continue;
      int next = i + 1;
      while (next < line.length() && CLOSING.indexOf(line.charAt(next)) >= 0) next++;
      if (next < line.length() && Characters.isSpace(line.charAt(next))) sentences++;
    }
    return sentences;
  }
}
