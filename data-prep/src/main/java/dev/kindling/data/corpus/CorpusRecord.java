package dev.kindling.data.corpus;

/** What a reader finds: a document, or something that cannot be read as one. */
public sealed interface CorpusRecord permits Document, Unreadable {
  /** The name of the input, or what the record itself names as its source. */
  String source();

  /** Path below the folder that the input's files have in common. */
  String file();

  /** Byte offset of a line in the unpacked file, row number in a Parquet file, 0 for a file that is one document. */
  long position();
}
