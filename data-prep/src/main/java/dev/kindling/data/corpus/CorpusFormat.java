package dev.kindling.data.corpus;

/** How documents lie in files. */
public enum CorpusFormat {
  /** A file is a document; its id is its path under the corpus. */
  TEXT,
  /**
   * A line is a document, a JSON object (RFC 8259). Lines end at {@code \n} only; a {@code \r} before it is white space to JSON.
   * The other line ends of Unicode are ordinary characters.
   */
  JSONL,
  /** A line is a document, plain text; it ends as in {@link #JSONL}, and a {@code \r} before its end is dropped. */
  LINES
}
