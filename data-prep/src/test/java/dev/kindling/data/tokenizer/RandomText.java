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

  /** All that the expressions tell apart: letters of each case and of none, marks, numbers, white space, line ends. */
  private static final String[] CLASSES = {"A", "B", "\u00C9", "\u01C5", "\uD835\uDC00", "\uD801\uDC00", "a", "b", "s",
      "\u00DF",
      "\u017F", "\uD835\uDC1A", "\u02B0", "\u4E2D", "\u0627", "\uD840\uDC00", "\u0301", "\u0903", "\u20DD",
      "\uD834\uDD65", "1",
      "7", "\u00B2", "\u0663", "\u2167", "\uD835\uDFCE", " ", " ", "  ", "\n", "\r", "\r\n", "\t", "\u00A0", "\u3000",
      "\u2028",
      "\u0085", "'", "\u2019", "'s", "'S", "'\u017F", "'t", "'RE", "'ve", "'m", "'Ll", "'d", "/", ".", "!",
      "\uD83D\uDE00", "\u200D",
      "\u0378"};

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

  /** A short string of any of the classes. */
  static String ofClasses(SplittableRandom random) {
    StringBuilder text = new StringBuilder();
    int variety = random.nextInt(1, CLASSES.length);          // few different ones repeat often
    int from = random.nextInt(CLASSES.length);
    for (int k = random.nextInt(20); k > 0; k--)
      text.append(CLASSES[(from + random.nextInt(variety)) % CLASSES.length]);
    return text.toString();
  }

  /** Letters, and at times something else of ASCII. */
  static String letters(SplittableRandom random, int length) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++)
      text.append((char) (random.nextInt(9) == 0 ? ' ' + random.nextInt(95) : 'a' + random.nextInt(26)));
    return text.toString();
  }

  private static int codePoint(SplittableRandom random, int most) {
    int codePoint = random.nextInt(most + 1);
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE ? 0xFFFD : codePoint;
  }
}
