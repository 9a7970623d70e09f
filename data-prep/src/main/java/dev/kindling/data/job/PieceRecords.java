package dev.kindling.data.job;

import dev.kindling.data.corpus.CorpusPiece;
import dev.kindling.data.corpus.CorpusReader;
import dev.kindling.data.corpus.CorpusRecord;
import dev.kindling.data.corpus.CorpusSource;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;

/** The records of pieces of a corpus, one piece after the other: of any number of them one is open at a time. */
final class PieceRecords implements Iterator<CorpusRecord>, Closeable {
  private final Configuration conf;
  private final CorpusSource source;
  private final Iterator<CorpusPiece> pieces;
  private final boolean strict;
  private CorpusReader reader;
  private Iterator<? extends CorpusRecord> records = Collections.emptyIterator();

  /** @param strict whether the first record that cannot be read is an error */
  PieceRecords(Configuration conf, CorpusSource source, Iterator<CorpusPiece> pieces, boolean strict) {
    this.conf = conf;
    this.source = source;
    this.pieces = pieces;
    this.strict = strict;
  }

  /** In a task, whose end closes what is still open. */
  static PieceRecords inTask(Configuration conf, CorpusSource source, Iterator<CorpusPiece> pieces, boolean strict) {
    PieceRecords records = new PieceRecords(conf, source, pieces, strict);
    TaskCompletionListener closing = context -> records.close();
    TaskContext.get().addTaskCompletionListener(closing);
    return records;
  }

  @Override
  public boolean hasNext() {
    while (!records.hasNext()) {
      close();
      if (!pieces.hasNext()) return false;
      reader = CorpusReader.open(conf, source, pieces.next());
      records = strict ? reader.documents() : reader;
    }
    return true;
  }

  @Override
  public CorpusRecord next() {
    if (!hasNext()) throw new NoSuchElementException();
    return records.next();
  }

  @Override
  public void close() {
    CorpusReader open = reader;
    reader = null;
    records = Collections.emptyIterator();
    if (open == null) return;
    try {
      open.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
