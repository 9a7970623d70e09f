package dev.kindling.data.pack;

import java.util.Locale;

/** How documents become rows. */
public enum Packing {
  /** One stream, cut into rows wherever they end ({@link RowCut}): no place is empty, documents are cut. */
  CONCATENATE,
  /** Documents that fit into a row stay whole; rows are filled up ({@link BestFitRows}). */
  BEST_FIT,
  /** Examples of what to say after what, each whole; only what is said is learned ({@link ExampleRows}). */
  PROMPT_COMPLETION,
  /** Pairs of what to say and what rather not, both sequences of a pair in one row. */
  PREFERENCE,
  /** A text, or a pair of texts, a row, and what it is labelled with ({@link SingleRows}). */
  CLASSIFICATION,
  /** A text a row, each word of which is labelled with a class: named entities, parts of speech ({@link SingleRows}). */
  TOKEN_CLASSIFICATION,
  /** What to write after reading a text, a pair a row ({@link SingleRows}); only what is written is learned. */
  SEQUENCE_TO_SEQUENCE;

  /** Whether documents are examples, not texts. */
  public boolean isOfExamples() {
    return isSaid() || isLabelled() || this == SEQUENCE_TO_SEQUENCE;
  }

  /** Whether examples are labelled, as a whole or by word. */
  public boolean isLabelled() {
    return this == CLASSIFICATION || this == TOKEN_CLASSIFICATION;
  }

  /** Whether examples are of what to say. */
  public boolean isSaid() {
    return this == PROMPT_COMPLETION || this == PREFERENCE;
  }

  /** As settings and {@code dataset.json} have it, such as {@code best-fit}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
