package dev.kindling.data.tokenizer;

import java.util.SplittableRandom;

/** Well-formed strings that mix what tokenizers stumble over. */
final class RandomText {
  private static final String[] PIECES = {"'s", "'re", "'ll", "'", "''", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\t",
      " \n ", "the",
      "President", " of", "1789", "\u00B2", "\u2167", "don't", "I'M", "...", "--", "\u2014", "\u00A0", "\u3000",
      "\u0085", "\u2028",
      "\u00E9", "e\u0301", "\u0627\u0644\u0633\u0644\u0627\u0645", "\u202E", "\u200D", "\uFEFF",
      "\u05E9\u05DC\u05D5\u05DD",
      "\uD83D\uDE00", "\uD83D\uDC68\u200D\uD83D\uDC69\u200D\uD83D\uDC67", "\uD83C\uDDFA\uD83C\uDDF8", "\u4E2D\u6587",
      "\uAC00",
      "\u0000", "\u0001", "\u001B", "\u007F", "\uFFFE", "\uFFFF", "<|endoftext|>", "\u0E33", "\u0915\u094D\u0937"};

  private RandomText() {
  }

  static String next(SplittableRandom random) {
    StringBuilder text = new StringBuilder();
    int pieces = random.nextInt(24);
    for (int i = 0; i < pieces; i++) {
      switch (random.nextInt(6)) {
        case 0 -> text.appendCodePoint(codePoint(random, Character.MAX_CODE_POINT));   // often unassigned
        case 1 -> text.appendCodePoint(codePoint(random, 0x3000));
        case 2 -> text.append((char) (' ' + random.nextInt(95)));
        default -> text.append(PIECES[random.nextInt(PIECES.length)]);
      }
    }
    return text.toString();
  }

  private static int codePoint(SplittableRandom random, int most) {
    int codePoint = random.nextInt(most + 1);
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE ? 0xFFFD : codePoint;
  }
}
