package dev.kindling.data.pack;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Joins stretches of the stream, in their order, into rows. It starts at the first token of one row and writes every row that is
 * full; {@link #finish} writes the last row of the whole stream.
 */
public final class RowAssembler {
  /** Takes finished rows. */
  public interface Rows {
    void write(PackedRow row) throws IOException;
  }

  private final RowCut cut;
  private final int endOfText;
  private final CharacterCount characters;
  private final Rows rows;
  private final int[] tokens;
  private List<PackedRow.Span> spans = new ArrayList<>();
  private int filled;
  private long row;

  /** @param firstRow the row whose first token comes first; row 0 gets the end of text that the stream starts with */
  public RowAssembler(RowCut cut, int endOfText, CharacterCount characters, long firstRow, Rows rows) {
    this.cut = cut;
    this.endOfText = endOfText;
    this.characters = characters;
    this.rows = rows;
    tokens = new int[cut.sequenceLength() + 1];
    row = firstRow;
    if (firstRow == 0) tokens[filled++] = endOfText;
  }

  /** @param piece must continue the stream where the piece before ended */
  public void add(StreamPiece piece) throws IOException {
    long expected = row * cut.sequenceLength() + filled;
    if (piece.position() != expected)
      throw new IllegalStateException(
          "document " + piece.document() + " is at " + piece.position() + " of the stream; " + expected
              + " comes next");
    int taken = 0;
    long begun = piece.characters();
    while (taken < piece.tokens().length) {
      int count = Math.min(tokens.length - filled, piece.tokens().length - taken);
      System.arraycopy(piece.tokens(), taken, tokens, filled, count);
      spans.add(new PackedRow.Span(piece.document(), filled, filled + count, piece.offset() + taken,
          characters.character(begun, piece.tokens()[taken])));
      begun += characters.begun(piece.tokens(), taken, taken + count);
      filled += count;
      taken += count;
      if (filled == tokens.length) writeFull(begun);
    }
  }

  /** Writes what is left as a row filled up with end-of-text tokens; nothing where no target is left. */
  public void finish() throws IOException {
    if (filled <= 1) return;
    Arrays.fill(tokens, filled, tokens.length, endOfText);
    rows.write(new PackedRow(row, filled - 1, tokens.clone(), spans));
    filled = 0;
  }

  /** @param begun characters of the document that begin before or in the row's last token */
  private void writeFull(long begun) throws IOException {
    rows.write(new PackedRow(row, cut.sequenceLength(), tokens.clone(), spans));
    row++;
    PackedRow.Span last = spans.get(spans.size() - 1);
    spans = new ArrayList<>();
    long before = begun - characters.begun(tokens, filled - 1, filled);
    tokens[0] = tokens[cut.sequenceLength()];
    filled = 1;
    spans.add(new PackedRow.Span(last.document(), 0, 1, last.offset() + last.end() - last.start() - 1,
        characters.character(before, tokens[0])));
  }
}
