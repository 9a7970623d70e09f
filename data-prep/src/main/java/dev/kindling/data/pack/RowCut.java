package dev.kindling.data.pack;

import static dev.kindling.checkpoint.UserError.require;

import java.io.Serializable;

/**
 * How a stream of tokens is cut into rows. The stream is one end-of-text token, then each document followed by one:
 *
 * <pre>
 *   stream   E a a a E b b E c c c c E           N tokens
 *   row r    stream[r·T .. r·T + T]              T + 1 tokens; the last one is also the first of row r + 1
 * </pre>
 *
 * A row's first T tokens are inputs, its last T are targets, so every token but the very first is a target exactly once: all
 * documents' tokens and their ends. The last row is filled up with end-of-text tokens that do not count.
 *
 * @param sequenceLength T, inputs of a row
 */
public record RowCut(int sequenceLength) implements Serializable {
  public RowCut {
    require(sequenceLength >= 1 && sequenceLength <= 1 << 20, "sequenceLength", sequenceLength, "1 to 1048576");
  }

  /** Tokens of a stream over documents: with the end of text before the first and after each. */
  public static long streamLength(long documents, long tokens) {
    return documents == 0 ? 0 : 1 + tokens + documents;
  }

  /** @param stream its length N; @return rows, so that each of the N - 1 targets has its place */
  public long rows(long stream) {
    return stream <= 1 ? 0 : (stream - 2) / sequenceLength + 1;
  }

  /** The row in which a token is a target. @param position in the stream, 1 or greater */
  public long row(long position) {
    return (position - 1) / sequenceLength;
  }

  /** @return targets of a row that count: T, fewer in the last */
  public int targets(long row, long stream) {
    return (int) Math.min(sequenceLength, stream - 1 - row * sequenceLength);
  }
}
