package dev.kindling.jobs.predict;

/** What may be said of a text. */
public enum AnswerKind {
  /** The labels, or numbers, of a model that has a head for them. */
  LABELS,
  /** A vector. */
  EMBEDDINGS
}
