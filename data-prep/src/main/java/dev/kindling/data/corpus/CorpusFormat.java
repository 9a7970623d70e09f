package dev.kindling.data.corpus;

/** How documents lie in an input. */
public enum CorpusFormat {
  /** A file is a document, or what stands between separators is; its id is its path under the corpus. */
  TEXT,
  /**
   * A line is a document, a JSON object (RFC 8259). Lines end at {@code \n} only; a {@code \r} before it is white space to JSON.
   * The other line ends of Unicode are ordinary characters.
   */
  JSONL,
  /** A line is a document, plain text; it ends as in {@link #JSONL}, and a {@code \r} before its end is dropped. */
  LINES,
  /** A row of a Parquet file is a document; text, id and source are columns of the file's top level. */
  PARQUET,
  /** A row is a document, and the paths are names of tables of Spark's catalog. */
  TABLE,
  /** A row is a document, and the paths are queries that Spark SQL runs. */
  SQL;

  /** @return whether documents come from rows that Spark makes, not from files that are listed here */
  public boolean isTable() {
    return this == TABLE || this == SQL;
  }
}
