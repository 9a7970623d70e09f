package dev.kindling.data.pack;

import java.io.Serializable;
import java.util.function.IntFunction;

/**
 * How many characters (Unicode code points, as Spark SQL's {@code substring} counts them) begin in each token: bytes of UTF-8 that go
 * on with a character are {@code 10xxxxxx} (RFC 3629, section 3), all others begin one. A byte-level tokenizer may cut a character
 * in two, so a token can also start inside one.
 */
public final class CharacterCount implements Serializable {
  private static final long serialVersionUID = 1L;

  private final boolean known;
  private final int[] begun;
  private final boolean[] goesOn;

  private CharacterCount(int tokens, boolean known) {
    this.known = known;
    begun = new int[tokens];
    goesOn = new boolean[tokens];
  }

  /** @param tokens ids are below; @param bytes of each token, none for an id that is no token */
  public static CharacterCount of(int tokens, IntFunction<byte[]> bytes) {
    CharacterCount count = new CharacterCount(tokens, true);
    for (int id = 0; id < tokens; id++) {
      byte[] utf8 = bytes.apply(id);
      for (byte b : utf8) if (!isContinuation(b)) count.begun[id]++;
      count.goesOn[id] = utf8.length > 0 && isContinuation(utf8[0]);
    }
    return count;
  }

  /** Of tokens that do not spell the text: where one begins is not known. */
  public static CharacterCount unknown(int tokens) {
    return new CharacterCount(tokens, false);
  }

  private static boolean isContinuation(byte b) {
    return (b & 0xC0) == 0x80;
  }

  /** @return characters that begin in the tokens from {@code from} until before {@code to} */
  public long begun(int[] tokens, int from, int to) {
    long sum = 0;
    for (int i = from; i < to; i++) sum += begun[tokens[i]];
    return sum;
  }

  /**
   * Where a stretch of tokens ends in its text.
   *
   * @param character in which the first token begins; @return behind the last character of which it has a byte
   */
  public long end(long character, int[] tokens, int from, int to) {
    if (from == to) return character;
    return character + (goesOn[tokens[from]] ? 1 : 0) + begun(tokens, from, to);
  }

  /** @param before characters that begin before a token; @return which one its first byte is of, 0 first */
  long character(long before, int token) {
    if (!known) return PackedRow.Span.UNKNOWN;
    return goesOn[token] ? before - 1 : before;
  }
}
