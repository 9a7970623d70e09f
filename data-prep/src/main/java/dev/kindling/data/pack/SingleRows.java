package dev.kindling.data.pack;

import java.io.IOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A document a row, in the order of the stream: a labelled text, or a pair of texts, whose second one is a span of its own.
 *
 * <pre>
 *   row      C a a a S b b S E E E     T + 1 tokens, filled up with end-of-text tokens; a document has at most T
 *   spans    0 . . . . 5 . .
 *   learned  . . . . . x x x . . .     where a document says what is learned of it; else the row does not say
 * </pre>
 *
 * @param sequenceLength T
 * @param endOfText what fills rows up
 */
public record SingleRows(int sequenceLength, int endOfText) implements GroupedRows {
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

  /** Each made when it is asked for: a text of ten tokens is a row of T + 1, too. */
  @Override
  public Iterator<PackedRow> rows(List<WholeDocument> documents, long firstRow) {
    return IntStream.range(0, documents.size()).mapToObj(i -> row(documents.get(i), firstRow + i)).iterator();
  }

  private PackedRow row(WholeDocument document, long number) {
    int length = document.tokens().length;
    int[] tokens = Arrays.copyOf(document.tokens(), sequenceLength + 1);
    Arrays.fill(tokens, length, tokens.length, endOfText);
    boolean[] learned = document.learned() == null ? null : Arrays.copyOf(document.learned(), tokens.length);
    return new PackedRow(number, length - 1, tokens, learned, document.spans(0), document.labels());
  }
}
