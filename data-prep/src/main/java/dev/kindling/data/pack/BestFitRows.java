package dev.kindling.data.pack;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Rows of whole documents. A document is its tokens and the end of text behind them. One of at most T targets is never cut; of a longer
 * one every T targets are a row of their own, and what is left is packed like a document. Then {@link BestFit}:
 *
 * <pre>
 *   row      E a a a E b b E . . .      E, documents one behind the other, filled up with E: T + 1 tokens
 *   row      c c c c c c c c c c c      T targets of a long document, behind the token before them
 *   row      E C c c E d E . . . .      its rest: the token before it, C, is read but not learned
 * </pre>
 *
 * @param sequenceLength T
 * @param endOfText E
 */
public record BestFitRows(int sequenceLength, int endOfText, CharacterCount characters) implements GroupedRows {
  public BestFitRows { new RowCut(sequenceLength); }

  /** What is packed as one: targets {@code [from, to)} of a document. */
  private record Piece(int document, int from, int to) {
    /** Whether the token before its first target is no end of text and must be read too. */
    boolean isRest(int sequenceLength) {
      return from > 0 && to - from < sequenceLength;
    }

    int places(int sequenceLength) {
      return to - from + (isRest(sequenceLength) ? 1 : 0);
    }
  }

  @Override
  public int count(int[] tokens) {
    return bins(pieces(Arrays.stream(tokens).map(n -> n + 1).toArray())).size();
  }

  @Override
  public void write(List<WholeDocument> documents, long firstRow, RowAssembler.Rows rows) throws IOException {
    List<StreamPiece> ended = documents.stream().map(this::ended).toList();
    List<Piece> pieces = pieces(ended.stream().mapToInt(document -> document.tokens().length).toArray());
    long[] begun = begun(pieces, ended);
    long row = firstRow;
    for (List<Integer> bin : bins(pieces)) {
      rows.write(row(row, bin, pieces, ended, begun));
      row++;
    }
  }

  /** With the end of text behind it. */
  private StreamPiece ended(WholeDocument document) {
    int[] tokens = Arrays.copyOf(document.tokens(), document.tokens().length + 1);
    tokens[tokens.length - 1] = endOfText;
    return new StreamPiece(document.document(), 0, 0, 0, tokens);
  }

  private List<Piece> pieces(int[] targets) {
    List<Piece> pieces = new ArrayList<>();
    for (int d = 0; d < targets.length; d++) {
      for (int from = 0; from < targets[d]; from += sequenceLength)
        pieces.add(new Piece(d, from, Math.min(targets[d], from + sequenceLength)));
    }
    return pieces;
  }

  /** The pieces of each row in the order of the stream; rows in that of their first pieces, so that no kind of length comes first. */
  private List<List<Integer>> bins(List<Piece> pieces) {
    BestFit fit = BestFit.of(pieces.stream().mapToInt(piece -> piece.places(sequenceLength)).toArray(), sequenceLength);
    List<List<Integer>> bins = new ArrayList<>();
    for (int b = 0; b < fit.bins(); b++) bins.add(new ArrayList<>());
    for (int i = 0; i < pieces.size(); i++) bins.get(fit.of()[i]).add(i);
    bins.sort(Comparator.comparing(bin -> bin.get(0)));
    return bins;
  }

  /** Characters of a document that begin before the first token of each piece, the one that is only read included. */
  private long[] begun(List<Piece> pieces, List<StreamPiece> documents) {
    long[] begun = new long[pieces.size()];
    int counted = 0;
    for (int i = 0; i < begun.length; i++) {
      Piece piece = pieces.get(i);
      int[] tokens = documents.get(piece.document()).tokens();
      int start = Math.max(0, piece.from() - 1);
      begun[i] = piece.from() == 0 ? 0 : begun[i - 1] + characters.begun(tokens, counted, start);
      counted = start;
    }
    return begun;
  }

  private PackedRow row(long number, List<Integer> bin, List<Piece> pieces, List<StreamPiece> documents,
      long[] begun) {
    int[] tokens = new int[sequenceLength + 1];
    Arrays.fill(tokens, endOfText);
    boolean[] learned = null;
    List<PackedRow.Span> spans = new ArrayList<>();
    int filled = 1;
    for (int index : bin) {
      Piece piece = pieces.get(index);
      StreamPiece document = documents.get(piece.document());
      int from = Math.max(0, piece.from() - 1);
      int start = piece.from() > 0 && !piece.isRest(sequenceLength) ? 0 : filled;
      if (piece.isRest(sequenceLength)) {
        if (learned == null) learned = allOf(bin, pieces);
        learned[start] = false;
      }
      System.arraycopy(document.tokens(), from, tokens, start, piece.to() - from);
      filled = start + piece.to() - from;
      spans.add(new PackedRow.Span(document.document(), start, filled, from,
          characters.character(begun[index], document.tokens()[from])));
    }
    return new PackedRow(number, filled - 1, tokens, learned, spans);
  }

  private boolean[] allOf(List<Integer> bin, List<Piece> pieces) {
    boolean[] learned = new boolean[sequenceLength + 1];
    int places = bin.stream().mapToInt(index -> pieces.get(index).places(sequenceLength)).sum();
    Arrays.fill(learned, 1, 1 + places, true);
    return learned;
  }
}
