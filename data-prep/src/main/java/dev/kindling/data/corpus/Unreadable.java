package dev.kindling.data.corpus;

import java.nio.charset.StandardCharsets;

/**
 * A record that is no document.
 *
 * @param reason what was found, what is allowed, what to do
 * @param excerpt how the record begins, as far as it can be shown
 */
public record Unreadable(String source, String file, long position, String reason,
    String excerpt) implements CorpusRecord {
  /** Bytes of an excerpt, at most: more than is shown, so that masks see all of what begins in what is. */
  static final int EXCERPT = 1_000;

  /** Bytes as text, whatever they are. */
  static String excerpt(byte[] bytes, int from, int to) {
    return new String(bytes, from, Math.max(0, Math.min(to - from, EXCERPT)), StandardCharsets.UTF_8);
  }
}
