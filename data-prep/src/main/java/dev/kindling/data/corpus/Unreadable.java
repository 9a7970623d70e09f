package dev.kindling.data.corpus;

import java.nio.charset.StandardCharsets;

/**
 * A record that is no document.
 *
 * @param reason what was found, what is allowed, what to do
 * @param excerpt how the record begins, as far as it can be shown
 * @param endsFile whether no more can be read of its file, or of the piece of it: any number of records is lost
 */
public record Unreadable(String source, String file, long position, String reason,
    String excerpt, boolean endsFile) implements CorpusRecord {
  /** Bytes of an excerpt, at most: more than is shown, so that masks see all of what begins in what is. */
  static final int EXCERPT = 1_000;

  /** One record, between others. */
  public Unreadable(String source, String file, long position, String reason, String excerpt) {
    this(source, file, position, reason, excerpt, false);
  }

  /** How a text begins, without half a character at its end. */
  public static String excerpt(String text) {
    if (text.length() <= EXCERPT) return text;
    return text.substring(0, Character.isHighSurrogate(text.charAt(EXCERPT - 1)) ? EXCERPT - 1 : EXCERPT);
  }

  /** Bytes as text, whatever they are. */
  static String excerpt(byte[] bytes, int from, int to) {
    return new String(bytes, from, Math.max(0, Math.min(to - from, EXCERPT)), StandardCharsets.UTF_8);
  }
}
