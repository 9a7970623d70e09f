package dev.kindling.data.pack;

import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What is read and what is to be written then, a pair a row, in the order of the stream; each has its end token and is a span of its own:
 *
 * <pre>
 *   row      i i i i E o o E E E E     T + 1 tokens, filled up with end tokens; a pair has at most T
 *   learned  . . . . . x x x . . .
 *   spans    0 . . . . 5 . .
 * </pre>
 *
 * @param sequenceLength T
 * @param endOfText what fills rows up
 */
public record PairRows(int sequenceLength, int endOfText) implements GroupedRows {
  @Override
  public int count(int[] tokens) {
    return tokens.length;
  }

  @Override
  public long filled(long tokens, int documents, int rows) {
    return tokens;
  }

  @Override
  public void write(List<WholeDocument> documents, long firstRow, RowAssembler.Rows rows) throws IOException {
    for (Iterator<PackedRow> all = rows(documents, firstRow); all.hasNext();) rows.write(all.next());
  }

  /** Each made when it is asked for: a pair of ten tokens is a row of T + 1, too. */
  @Override
  public Iterator<PackedRow> rows(List<WholeDocument> documents, long firstRow) {
    return IntStream.range(0, documents.size()).mapToObj(i -> row(documents.get(i), firstRow + i)).iterator();
  }

  private PackedRow row(WholeDocument pair, long number) {
    int length = pair.tokens().length;
    int[] tokens = Arrays.copyOf(pair.tokens(), sequenceLength + 1);
    Arrays.fill(tokens, length, tokens.length, endOfText);
    return new PackedRow(number, length - 1, tokens, Arrays.copyOf(pair.learned(), tokens.length), pair.spans(0));
  }
}
