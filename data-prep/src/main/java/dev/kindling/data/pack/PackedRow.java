package dev.kindling.data.pack;

import java.io.Serializable;
import java.util.List;

/**
 * A row of a dataset.
 *
 * @param row its number, 0 first, without gaps
 * @param targets how many of the last T tokens are there, from the left: T, fewer in a row that is filled up
 * @param tokens T + 1 ids
 * @param learned whether each token is a target that counts, [T + 1]; null: all that are there but the first
 * @param spans the documents that the tokens come from, in their order
 * @param labels of a labelled text: the number of its class, those of its classes in ascending order, or a number to be found; where words
 *     are labelled, the number of each token's class or {@link #UNLABELLED}; else null
 */
public record PackedRow(long row, int targets, int[] tokens, boolean[] learned, List<Span> spans, double[] labels)
    implements
      Serializable {
  /** Stands for the class of a token that has none, as in Hugging Face's tools. */
  public static final int UNLABELLED = -100;

  /** A row of which every target counts. */
  public PackedRow(long row, int targets, int[] tokens, List<Span> spans) {
    this(row, targets, tokens, null, spans, null);
  }

  /** A row without labels. */
  public PackedRow(long row, int targets, int[] tokens, boolean[] learned, List<Span> spans) {
    this(row, targets, tokens, learned, spans, null);
  }

  /**
   * A stretch of one document in a row. The end-of-text token behind a document belongs to it.
   *
   * @param document its id
   * @param start the first token in the row, 0 to T
   * @param end behind the last token in the row
   * @param offset which token of the document stands at {@code start}, 0 first
   * @param character in which character of the document's text, as it was packed, the token at {@code start} begins, 0 first; behind
   *        the last one for an end-of-text token; {@link #UNKNOWN} where a dataset does not say
   */
  public record Span(String document, int start, int end, long offset, long character) implements Serializable {
    /** Of datasets that were written before characters were told. */
    public static final long UNKNOWN = -1;

    /** A stretch whose place in the text is not known. */
    public Span(String document, int start, int end, long offset) {
      this(document, start, end, offset, UNKNOWN);
    }
  }

  /** The same under another number. */
  public PackedRow numbered(long number) {
    return new PackedRow(number, targets, tokens, learned, spans, labels);
  }
}
