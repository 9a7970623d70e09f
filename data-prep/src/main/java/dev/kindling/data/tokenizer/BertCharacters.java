package dev.kindling.data.tokenizer;

import java.util.Arrays;

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
    CommittedTable.read("bert-classes.txt", line -> Arrays.fill(CLASSES, CommittedTable.codePoint(line[0]),
        CommittedTable.codePoint(line[1]) + 1, classOf(line[2])));
    CommittedTable.read("bert-letters.txt", line -> LETTERS[CommittedTable.codePoint(line[0])] = Arrays.stream(line)
        .skip(1).mapToInt(CommittedTable::codePoint).toArray());
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
}
