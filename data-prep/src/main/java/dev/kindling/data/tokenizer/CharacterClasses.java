package dev.kindling.data.tokenizer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Letter, number, white space or other, for each code point, from a committed table of Unicode 16.0: what {@code \p{L}},
 * {@code \p{N}} and {@code \s} mean to Hugging Face tokenizers. The JDK's own classes follow the JDK's Unicode version, and
 * the ids would change with it.
 */
final class CharacterClasses {
  static final byte OTHER = 0;
  static final byte LETTER = 1;
  static final byte NUMBER = 2;
  static final byte SPACE = 3;

  private static final String TABLE = "unicode-16.0.txt";
  private static final byte[] CLASSES = read();

  private CharacterClasses() {
  }

  static byte of(int codePoint) {
    return CLASSES[codePoint];
  }

  private static byte[] read() {
    byte[] classes = new byte[Character.MAX_CODE_POINT + 1];
    try (InputStream in = CharacterClasses.class.getResourceAsStream(TABLE);
        BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("#")) continue;
        int firstGap = line.indexOf(' ');
        int secondGap = line.indexOf(' ', firstGap + 1);
        int first = Integer.parseInt(line.substring(0, firstGap), 16);
        int last = Integer.parseInt(line.substring(firstGap + 1, secondGap), 16);
        Arrays.fill(classes, first, last + 1, classOf(line.charAt(secondGap + 1)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return classes;
  }

  private static byte classOf(char letter) {
    return switch (letter) {
      case 'L' -> LETTER;
      case 'N' -> NUMBER;
      case 'S' -> SPACE;
      default -> throw new IllegalStateException("class " + letter + " in " + TABLE);
    };
  }
}
