package dev.kindling.data.pack;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * Rows that hold documents whole. They are packed in groups, each a window of the stream that {@link RowCut} would cut, so that rows depend
 * neither on partitions nor on executors, and a group fits into memory.
 */
public interface GroupedRows extends Serializable {
  /** Tokens of a group, unless its rows are long. */
  long GROUP_TOKENS = 1 << 21;
  /** The fewest rows that a group has room for. */
  long GROUP_ROWS = 64;

  /** T, inputs of a row. */
  int sequenceLength();

  /** The group of a document. @param position of its first token in the stream, 1 or greater */
  default int group(long position) {
    return Math.toIntExact((position - 1) / Math.max(GROUP_TOKENS, GROUP_ROWS * sequenceLength()));
  }

  /** @param stream tokens of the stream; @return groups, some of which may be empty */
  default int groups(long stream) {
    return stream <= 1 ? 0 : group(stream - 1) + 1;
  }

  /** How many rows the documents of a group fill. @param tokens of each document, in the order of the stream */
  int count(int[] tokens);

  /** How many of the rows' places, T each, hold something. @param tokens of all documents, without an end of text */
  default long filled(long tokens, int documents, int rows) {
    return tokens + documents;                              // each document's end of text
  }

  /** Writes the rows of a group. @param documents in the order of the stream; @param firstRow the number of the first row */
  void write(List<WholeDocument> documents, long firstRow, RowAssembler.Rows rows) throws IOException;

  /** What {@link #write} writes, one row after the other. Where rows are mostly empty, all of a group's at once are too many for memory. */
  default Iterator<PackedRow> rows(List<WholeDocument> documents, long firstRow) throws IOException {
    List<PackedRow> rows = new ArrayList<>();
    write(documents, firstRow, rows::add);
    return rows.iterator();
  }
}
