package dev.kindling.data.clean;

import dev.kindling.data.clean.Masking.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Digits in groups, as numbers of cards and telephones are written: groups are separated by one space, hyphen, dot or slash, may
 * stand in round brackets, and begin with a {@code +} or not.
 *
 * @param span all of it
 * @param digits of all groups
 * @param shape groups as their lengths behind what came before them: {@code +49 (30) 123-4567} is {@code +2 (2) 3-4}
 */
record DigitGroups(Span span, String digits, String shape) {
  private static final int MOST_DIGITS = 19;

  /** @return the first at {@code from} or later that is wanted and touches no word; of those that begin there the longest; or null */
  static Span find(String text, int from, Predicate<DigitGroups> wanted) {
    for (int i = from; i < text.length(); i++) {
      if (!beginsAt(text, i) || Masking.isWordAt(text, i - 1)) continue;
      List<DigitGroups> found = beginningAt(text, i);
      for (int k = found.size() - 1; k >= 0; k--) {
        DigitGroups groups = found.get(k);
        if (!Masking.isWordAt(text, groups.span().end()) && wanted.test(groups)) return groups.span();
      }
    }
    return null;
  }

  private static boolean beginsAt(String text, int at) {
    char c = text.charAt(at);
    return Masking.isDigit(c) || c == '+' && isNumberAt(text, at + 1) || c == '(' && isDigitAt(text, at + 1);
  }

  /** All that begin at a place, the shortest first: one for each group that ends before there are too many digits. */
  private static List<DigitGroups> beginningAt(String text, int start) {
    List<DigitGroups> found = new ArrayList<>();
    StringBuilder digits = new StringBuilder();
    StringBuilder shape = new StringBuilder();
    int group = 0;
    for (int i = start; i < text.length() && digits.length() <= MOST_DIGITS; i++) {
      char c = text.charAt(i);
      if (Masking.isDigit(c)) {
        digits.append(c);
        group++;
        if (!isDigitAt(text, i + 1))
          found.add(new DigitGroups(new Span(start, i + 1), digits.toString(), shape.toString() + group));
        continue;
      }
      boolean closes = c == ')' && group > 0 && shape.indexOf("(") >= 0 && shape.indexOf(")") < 0;
      if (!closes && !isSeparator(text, start, i)) break;
      if (group > 0) shape.append(group);
      shape.append(c == '\u00A0' ? ' ' : c);
      group = 0;
    }
    return found;
  }

  /** One mark between two groups; a bracket may stand between them too. */
  private static boolean isSeparator(String text, int start, int at) {
    char c = text.charAt(at);
    if (at == start) return true;
    char before = text.charAt(at - 1);
    if (c == '(') return (before == ' ' || before == '+' || Masking.isDigit(before)) && isDigitAt(text, at + 1);
    boolean mark = c == ' ' || c == '-' || c == '.' || c == '/' || c == '\u00A0';
    return mark && (Masking.isDigit(before) || before == ')') && isNumberAt(text, at + 1);
  }

  private static boolean isNumberAt(String text, int at) {
    return isDigitAt(text, at) || at < text.length() && text.charAt(at) == '(' && isDigitAt(text, at + 1);
  }

  private static boolean isDigitAt(String text, int at) {
    return at < text.length() && Masking.isDigit(text.charAt(at));
  }
}
