package dev.kindling.data.clean;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer.Form;
import java.util.BitSet;

/**
 * One way to write what looks the same: line ends are {@code \n}, control characters are gone but for {@code \n}, {@code \t} and
 * U+0085 (a line end in some languages), no line ends with spaces or tabs, and the text is in Unicode's normal form C (UAX 15).
 * Normalizing twice changes nothing more.
 *
 * <p>The normal form is that of Unicode 13.0, which JDK 17 knows: what came later is left as it is on every JDK, so the same
 * text gives the same tokens everywhere.
 */
public final class Normalizer {
  private static final String TABLE = "unassigned-in-unicode-13.0.txt";
  private static final BitSet LATER = read();

  private Normalizer() {
  }

  public static String normalize(String text) {
    return withoutTrailingSpaces(composed(withoutControls(text)));
  }

  /** @return whether a character came after Unicode 13.0 */
  public static boolean isLater(int codePoint) {
    return LATER.get(codePoint);
  }

  private static String withoutControls(String text) {
    StringBuilder out = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!isControl(c)) {
        if (out != null) out.append(c);
        continue;
      }
      if (out == null) out = new StringBuilder(text.length()).append(text, 0, i);
      if (c == '\r') {
        out.append('\n');
        if (i + 1 < text.length() && text.charAt(i + 1) == '\n') i++;
      }
    }
    return out == null ? text : out.toString();
  }

  private static boolean isControl(char c) {
    return c < ' ' && c != '\n' && c != '\t' || c >= 0x7F && c <= 0x9F && c != 0x85;
  }

  /** Unicode's normal form C alone, of the version named above. */
  public static String composed(String text) {
    return in(Form.NFC, text);
  }

  /** Unicode's normal form KC, which also makes one of compatible characters; of the version named above. */
  public static String compatible(String text) {
    return in(Form.NFKC, text);
  }

  private static String in(Form form, String text) {
    int from = 0;
    StringBuilder out = null;
    for (int i = 0; i < text.length();) {
      int codePoint = text.codePointAt(i);
      int next = i + Character.charCount(codePoint);
      if (LATER.get(codePoint)) {
        if (out == null) out = new StringBuilder(text.length());
        out.append(java.text.Normalizer.normalize(text.substring(from, i), form)).appendCodePoint(codePoint);
        from = next;
      }
      i = next;
    }
    if (out == null) return java.text.Normalizer.normalize(text, form);
    return out.append(java.text.Normalizer.normalize(text.substring(from), form)).toString();
  }

  private static String withoutTrailingSpaces(String text) {
    StringBuilder out = new StringBuilder(text.length());
    int spaces = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == ' ' || c == '\t') {
        spaces++;
        continue;
      }
      if (c != '\n') out.append(text, i - spaces, i);
      spaces = 0;
      out.append(c);
    }
    return out.toString();
  }

  private static BitSet read() {
    BitSet later = new BitSet();
    try (InputStream in = Normalizer.class.getResourceAsStream(TABLE);
        BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("#")) continue;
        int gap = line.indexOf(' ');
        later.set(Integer.parseInt(line.substring(0, gap), 16), Integer.parseInt(line.substring(gap + 1), 16) + 1);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return later;
  }
}
