package dev.kindling.data.tokenizer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * What BERT's normaliser does with each code point, from committed tables of what Hugging Face tokenizers does
 * ({@code make-bert-characters.py}): its parts follow three versions of Unicode, and the JDK's own would follow a fourth.
 */
final class BertCharacters {
  /** A part of a word. */
  static final byte WORD = 0;
  /** Control characters and the like: they go. */
  static final byte DROPPED = 1;
  static final byte SPACE = 2;
  /** Chinese characters: each is a word of its own. */
  static final byte IDEOGRAPH = 3;
  /** Each is a word of its own. */
  static final byte PUNCTUATION = 4;

  private static final int FIRST_SYLLABLE = 0xAC00;
  private static final int LAST_SYLLABLE = 0xD7A3;
  private static final int FIRST_LEAD = 0x1100;
  private static final int FIRST_VOWEL = 0x1161;
  private static final int VOWELS = 21;
  private static final int BEFORE_FIRST_TRAIL = 0x11A7;
  private static final int TRAILS = 28;

  private static final byte[] CLASSES = new byte[Character.MAX_CODE_POINT + 1];
  private static final int[][] LETTERS = new int[Character.MAX_CODE_POINT + 1][];

  static {
    read("bert-classes.txt", parts -> Arrays.fill(CLASSES, Integer.parseInt(parts[0], 16),
        Integer.parseInt(parts[1], 16) + 1, classOf(parts[2])));
    read("bert-letters.txt", parts -> LETTERS[Integer.parseInt(parts[0], 16)] = Arrays.stream(parts).skip(1)
        .mapToInt(letter -> Integer.parseInt(letter, 16)).toArray());
  }

  private BertCharacters() {
  }

  static byte of(int codePoint) {
    return CLASSES[codePoint];
  }

  /** @return the code points that are left without accents and capitals, null where it stays as it is */
  static int[] plain(int codePoint) {
    if (codePoint < FIRST_SYLLABLE || codePoint > LAST_SYLLABLE) return LETTERS[codePoint];
    int syllable = codePoint - FIRST_SYLLABLE;               // The Unicode Standard, section 3.12
    int trail = syllable % TRAILS;
    int lead = FIRST_LEAD + syllable / (VOWELS * TRAILS);
    int vowel = FIRST_VOWEL + syllable % (VOWELS * TRAILS) / TRAILS;
    return trail == 0 ? new int[]{lead, vowel} : new int[]{lead, vowel, BEFORE_FIRST_TRAIL + trail};
  }

  private static byte classOf(String letter) {
    return switch (letter) {
      case "D" -> DROPPED;
      case "S" -> SPACE;
      case "I" -> IDEOGRAPH;
      case "P" -> PUNCTUATION;
      default -> throw new IllegalStateException("class " + letter);
    };
  }

  private static void read(String table, Consumer<String[]> line) {
    try (InputStream in = BertCharacters.class.getResourceAsStream(table);
        BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
      lines.lines().filter(one -> !one.startsWith("#")).forEach(one -> line.accept(one.split(" ")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
