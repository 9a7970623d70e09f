package dev.kindling.data.clean;

import dev.kindling.data.clean.Masking.Span;
import java.util.regex.Pattern;

/**
 * Telephone numbers. With {@code +}: 8 to 15 digits (ITU-T E.164). Without: ten digits in groups as in North America, {@code
 * (212) 555-0123} and {@code 212-555-0123}; or 9 to 12 digits in at least two groups of which the first begins with 0, as most other
 * countries write them. Numbers without groups are left alone: they count things more often.
 */
final class PhoneNumbers {
  private static final Pattern NORTH_AMERICA = Pattern.compile("(?:1[ .-])?(?:3[ .-]|\\(3\\)[ -]?)3[ .-]4");
  private static final Pattern WITH_AREA = Pattern.compile("\\(?[2-5]\\)?[ /-](?:[2-8]|[2-4](?:[ -][2-4]){1,3})");

  private PhoneNumbers() {
  }

  static Span next(String text, int from) {
    return DigitGroups.find(text, from, PhoneNumbers::isPhone);
  }

  private static boolean isPhone(DigitGroups groups) {
    int digits = groups.digits().length();
    if (groups.shape().startsWith("+")) return digits >= 8 && digits <= 15;
    if (NORTH_AMERICA.matcher(groups.shape()).matches()) return true;
    return groups.digits().startsWith("0") && digits >= 9 && digits <= 12
        && WITH_AREA.matcher(groups.shape()).matches();
  }
}
