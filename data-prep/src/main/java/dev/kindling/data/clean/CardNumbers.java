package dev.kindling.data.clean;

import dev.kindling.data.clean.Masking.Span;
import java.util.regex.Pattern;

/** Payment card numbers: 13 to 19 digits that begin with 2 to 6 and pass the check of Luhn (ISO/IEC 7812-1, annex B). */
final class CardNumbers {
  /** As they are printed: without groups, in fours, or 4-6-5 and 4-6-4. */
  private static final Pattern SHAPE = Pattern.compile("\\d\\d|4([ -])(?:4\\14\\1(?:4(?:\\1[123])?|[123])|6\\1[45])");

  private CardNumbers() {
  }

  static Span next(String text, int from) {
    return DigitGroups.find(text, from, CardNumbers::isCard);
  }

  private static boolean isCard(DigitGroups groups) {
    String digits = groups.digits();
    boolean length = digits.length() >= 13 && digits.length() <= 19;
    return length && digits.charAt(0) >= '2' && digits.charAt(0) <= '6' && SHAPE.matcher(groups.shape()).matches()
        && luhn(digits);
  }

  /** Every second digit from the right doubled, the digits of all summed: a multiple of ten. */
  static boolean luhn(String digits) {
    int sum = 0;
    for (int i = 0; i < digits.length(); i++) {
      int digit = digits.charAt(digits.length() - 1 - i) - '0';
      int counted = i % 2 == 0 ? digit : 2 * digit;
      sum += counted > 9 ? counted - 9 : counted;
    }
    return sum % 10 == 0;
  }
}
