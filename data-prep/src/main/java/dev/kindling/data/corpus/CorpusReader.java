package dev.kindling.data.corpus;

import dev.kindling.checkpoint.UserError;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.hadoop.conf.Configuration;

/**
 * Reads the records of one piece of a corpus, in their order. What is no document comes out as an {@link Unreadable}; behind
 * damaged data that is the piece's last record.
 */
public final class CorpusReader implements Iterator<CorpusRecord>, Closeable {
  private final Configuration conf;
  private final CorpusSource source;
  private final CorpusPiece piece;
  private final RecordSource records;
  private CorpusRecord next;
  private boolean atEnd;

  private CorpusReader(Configuration conf, CorpusSource source, CorpusPiece piece) throws IOException {
    this.conf = conf;
    this.source = source;
    this.piece = piece;
    records = switch (source.format()) {
      case JSONL, LINES -> new LineRecords(conf, source, piece);
      case TEXT -> source.separator().isEmpty()
          ? new TextRecord(conf, source, piece)
          : new LineRecords(conf, source, piece);
      case PARQUET -> new ParquetRecords(conf, source, piece);
      case TABLE, SQL -> throw new IllegalArgumentException("Spark reads tables");
    };
  }

  /** @throws UserError, here and while reading, where storage fails */
  public static CorpusReader open(Configuration conf, CorpusSource source, CorpusPiece piece) {
    try {
      return new CorpusReader(conf, source, piece);
    } catch (IOException e) {
      throw unreadable(piece, e);
    }
  }

  private static UserError unreadable(CorpusPiece piece, Exception thrown) {
    return new UserError(piece.file().path() + " cannot be read: " + thrown.getMessage(), thrown);
  }

  @Override
  public boolean hasNext() {
    if (next == null && !atEnd) {
      try {
        next = records.next();
        atEnd = next == null;
      } catch (IOException | RuntimeException e) {
        if (!records.isDamaged(e)) throw unreadable(piece, e);
        atEnd = true;
        next = new Unreadable(source.name(), piece.file().name(), records.position(), CorpusStream.damage(e), "", true);
      }
    }
    return next != null;
  }

  @Override
  public CorpusRecord next() {
    if (!hasNext()) throw new NoSuchElementException();
    CorpusRecord record = next;
    next = null;
    return record;
  }

  /** The documents, where each record must be one. @return an iterator that throws {@link #error} of what is not */
  public Iterator<Document> documents() {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return CorpusReader.this.hasNext();
      }

      @Override
      public Document next() {
        CorpusRecord record = CorpusReader.this.next();
        if (record instanceof Unreadable unreadable) throw error(unreadable);
        return (Document) record;
      }
    };
  }

  /** The error that names a record by file and line, as an editor counts them. */
  public UserError error(Unreadable record) {
    return new UserError(place(conf, source, piece.file().path(), record.position()) + ": " + record.reason());
  }

  /** A record's file with its line, as an editor counts them, its row, or its first byte. */
  public static String place(Configuration conf, CorpusSource source, String path, long position) {
    return switch (source.format()) {
      case JSONL, LINES -> path + line(conf, path, position);
      case PARQUET -> path + ", row " + position;
      case TEXT, TABLE, SQL -> path + (position == 0 ? "" : atByte(position));
    };
  }

  private static String atByte(long position) {
    return ", at byte " + position;
  }

  /** The line's number is counted only now, when it is needed: a piece does not know how many lines are before it. */
  private static String line(Configuration conf, String path, long offset) {
    long line = 1;
    try (InputStream again = CorpusStream.open(conf, path, 0)) {
      for (long i = 0; i < offset; i++) if (again.read() == '\n') line++;
    } catch (IOException e) {
      return atByte(offset);
    }
    return ":" + line;
  }

  @Override
  public void close() throws IOException {
    records.close();
  }
}
