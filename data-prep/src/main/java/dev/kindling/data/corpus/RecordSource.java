package dev.kindling.data.corpus;

import java.io.Closeable;
import java.io.IOException;

/** The records of one piece, one after the other. */
interface RecordSource extends Closeable {
  /** @return null at the end */
  CorpusRecord next() throws IOException;

  /** @return whether an exception of {@link #next} says that the data are damaged, not that storage failed */
  boolean isDamaged(Exception thrown);

  /** Where the record that is being read starts. */
  long position();
}
