package dev.kindling.data.pack;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * A document on its way into rows.
 *
 * @param document its id
 * @param tokens ids; of a text without the end of text behind it
 * @param learned of each token, whether it is to be learned; null: all
 * @param second where the second sequence of a pair begins among the tokens; 0: there is only one
 * @param labels as {@link PackedRow#labels}
 */
public record WholeDocument(String document, int[] tokens, boolean[] learned, int second, double[] labels)
    implements
      Serializable {
  /** One sequence without labels. */
  public WholeDocument(String document, int[] tokens, boolean[] learned) {
    this(document, tokens, learned, 0);
  }

  /** Without labels. */
  public WholeDocument(String document, int[] tokens, boolean[] learned, int second) {
    this(document, tokens, learned, second, null);
  }

  /** A span for each of its sequences. @param start place of its first token in the row */
  List<PackedRow.Span> spans(int start) {
    int first = second == 0 ? tokens.length : second;
    List<PackedRow.Span> spans = new ArrayList<>();
    spans.add(new PackedRow.Span(document, start, start + first, 0));
    if (second > 0) spans.add(new PackedRow.Span(document, start + first, start + tokens.length, first));
    return spans;
  }
}
