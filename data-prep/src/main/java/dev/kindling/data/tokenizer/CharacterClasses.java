package dev.kindling.data.tokenizer;

import java.util.Arrays;

/**
 * What the expressions of tokenizers call a code point, from a committed table of Unicode 16.0: {@code \p{L}} and its parts,
 * {@code \p{M}}, {@code \p{N}} and {@code \s}. The JDK's own classes follow the JDK's Unicode version, and the ids would change
 * with it. A class is one bit, so that a set of classes is a mask.
 */
final class CharacterClasses {
  /** What is none of the others, such as punctuation. */
  static final byte OTHER = 1;
  /** General category M. */
  static final byte MARK = 2;
  static final byte NUMBER = 4;
  static final byte SPACE = 8;
  /** General categories Lu and Lt. */
  static final byte UPPER = 16;
  /** General category Ll. */
  static final byte LOWER = 32;
  /** General categories Lm and Lo. */
  static final byte CASELESS = 64;
  static final byte LETTER = UPPER | LOWER | CASELESS;

  private static final String TABLE = "unicode-16.0.txt";
  private static final byte[] CLASSES = read();
  private static final byte[] ASCII = Arrays.copyOf(CLASSES, 128);

  private CharacterClasses() {
  }

  static byte of(int codePoint) {
    return CLASSES[codePoint];
  }

  /** The class of the character that starts at the index of a well-formed UTF-8 text. */
  static byte at(byte[] text, int index) {
    byte lead = text[index];
    return lead >= 0 ? ASCII[lead] : CLASSES[codePoint(text, index, lead)];
  }

  /** @return how many bytes a character has that starts with this one */
  static int width(byte lead) {
    if (lead >= 0) return 1;
    return lead < (byte) 0xE0 ? 2 : lead < (byte) 0xF0 ? 3 : 4;
  }

  /** @return the first index in [start, end] whose character is of none of the classes */
  static int runEnd(byte[] text, int start, int end, int classes) {
    int i = start;
    while (i < end) {
      byte lead = text[i];
      if (lead >= 0) {
        if ((ASCII[lead] & classes) == 0) return i;
        i++;
      } else {
        if ((CLASSES[codePoint(text, i, lead)] & classes) == 0) return i;
        i += width(lead);
      }
    }
    return i;
  }

  private static int codePoint(byte[] text, int i, byte lead) {
    int second = text[i + 1] & 0x3F;
    if (lead < (byte) 0xE0) return (lead & 0x1F) << 6 | second;
    int third = text[i + 2] & 0x3F;
    if (lead < (byte) 0xF0) return (lead & 0xF) << 12 | second << 6 | third;
    return (lead & 7) << 18 | second << 12 | third << 6 | text[i + 3] & 0x3F;
  }

  private static byte[] read() {
    byte[] classes = new byte[Character.MAX_CODE_POINT + 1];
    Arrays.fill(classes, OTHER);
    CommittedTable.read(TABLE, line -> Arrays.fill(classes, CommittedTable.codePoint(line[0]),
        CommittedTable.codePoint(line[1]) + 1, classOf(line[2].charAt(0))));
    return classes;
  }

  private static byte classOf(char letter) {
    return switch (letter) {
      case 'U' -> UPPER;
      case 'L' -> LOWER;
      case 'O' -> CASELESS;
      case 'M' -> MARK;
      case 'N' -> NUMBER;
      case 'S' -> SPACE;
      default -> throw new IllegalStateException("class " + letter + " in " + TABLE);
    };
  }
}
