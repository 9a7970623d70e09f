package dev.kindling.data.pack;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Rows of whole examples, one behind the other without anything between, by {@link BestFit}; only the tokens that an example says are
 * learned:
 *
 * <pre>
 *   row      p p p c c p p c c c E E     T + 1 tokens: prompts, completions, filled up with end-of-text tokens
 *   learned  . . . x x . . x x x . .
 * </pre>
 *
 * The two sequences of a pair stand one behind the other in one row, a span each.
 *
 * @param sequenceLength T; an example has at most T + 1 tokens
 * @param endOfText what fills rows up
 */
public record ExampleRows(int sequenceLength, int endOfText) implements GroupedRows {
  @Override
  public int count(int[] tokens) {
    return bins(tokens).size();
  }

  /** Each row's first token is in no place for a target. */
  @Override
  public long filled(long tokens, int documents, int rows) {
    return tokens - rows;
  }

  /** The examples of each row in the order of the stream; rows in that of their first examples. */
  private List<List<Integer>> bins(int[] tokens) {
    BestFit fit = BestFit.of(tokens, sequenceLength + 1);
    List<List<Integer>> bins = new ArrayList<>();
    for (int b = 0; b < fit.bins(); b++) bins.add(new ArrayList<>());
    for (int i = 0; i < tokens.length; i++) bins.get(fit.of()[i]).add(i);
    bins.sort(Comparator.comparing(bin -> bin.get(0)));
    return bins;
  }

  @Override
  public void write(List<WholeDocument> documents, long firstRow, RowAssembler.Rows rows) throws IOException {
    long number = firstRow;
    for (List<Integer> bin : bins(documents.stream().mapToInt(document -> document.tokens().length).toArray())) {
      int[] tokens = new int[sequenceLength + 1];
      boolean[] learned = new boolean[tokens.length];
      Arrays.fill(tokens, endOfText);
      List<PackedRow.Span> spans = new ArrayList<>();
      int filled = 0;
      for (int index : bin) {
        WholeDocument example = documents.get(index);
        int length = example.tokens().length;
        System.arraycopy(example.tokens(), 0, tokens, filled, length);
        System.arraycopy(example.learned(), 0, learned, filled, length);
        spans.addAll(example.spans(filled));
        filled += length;
      }
      rows.write(new PackedRow(number, filled - 1, tokens, learned, spans));
      number++;
    }
  }
}
