package dev.kindling.data.clean;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.text.StringEscapeUtils;

/**
 * Character references of HTML become the characters: the names of HTML 4, and numbers as the HTML standard reads them (section
 * 13.2.5.80: those from 0x80 to 0x9F are Windows-1252, what is no character becomes U+FFFD). What is no reference stays. One level
 * only: {@code &amp;lt;} becomes {@code &lt;}. The text is normalised again, as a reference may name anything.
 */
public final class HtmlEntities implements Rule {
  private static final long serialVersionUID = 1L;

  private static final Pattern REFERENCE = Pattern
      .compile("&(?:#(\\d{1,9}+);|#[xX]([0-9A-Fa-f]{1,8}+);|[A-Za-z][A-Za-z0-9]{1,9}+;)");
  private static final String WINDOWS_1252 = "\u20AC\uFFFD\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\uFFFD\u017D\uFFFD"
      + "\uFFFD\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\uFFFD\u017E\u0178";

  @Override
  public String name() {
    return "html";
  }

  @Override
  public Outcome apply(String text) {
    if (text.indexOf('&') < 0) return Outcome.keep(text);
    String plain = REFERENCE.matcher(text)
        .replaceAll(match -> Matcher.quoteReplacement(character(match.group(), match.group(1),
            match.group(2))));
    return Outcome.keep(plain.equals(text) ? text : Normalizer.normalize(plain));
  }

  private static String character(String reference, String decimal, String hexadecimal) {
    if (decimal != null) return character(Long.parseLong(decimal));
    if (hexadecimal != null) return character(Long.parseLong(hexadecimal, 16));
    if (reference.equals("&apos;")) return "'";      // in XML and HTML 5, not in HTML 4
    return StringEscapeUtils.unescapeHtml4(reference);
  }

  private static String character(long number) {
    if (number >= 0x80 && number <= 0x9F) return WINDOWS_1252.substring((int) number - 0x80, (int) number - 0x7F);
    boolean none = number == 0 || number > Character.MAX_CODE_POINT || number >= 0xD800 && number <= 0xDFFF;
    return none ? "\uFFFD" : Character.toString((int) number);
  }
}
