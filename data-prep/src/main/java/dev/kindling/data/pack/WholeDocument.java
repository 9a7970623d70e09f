package dev.kindling.data.pack;

import java.io.Serializable;

/**
 * A document on its way into rows.
 *
 * @param document its id
 * @param tokens ids; of a text without the end of text behind it
 * @param learned of each token, whether it is to be learned; null: all
 * @param second where the second sequence of a pair begins among the tokens; 0: there is only one
 */
public record WholeDocument(String document, int[] tokens, boolean[] learned, int second) implements Serializable {
  /** One sequence. */
  public WholeDocument(String document, int[] tokens, boolean[] learned) {
    this(document, tokens, learned, 0);
  }
}
