package dev.kindling.data.corpus;

import dev.kindling.checkpoint.UserError;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;

/** Reads the documents of one piece of a corpus, in their order. */
public final class CorpusReader implements Iterator<Document>, Closeable {
  private final Configuration conf;
  private final CorpusSource source;
  private final CorpusPiece piece;
  private final InputStream in;
  private final Lines lines;
  private Document next;
  private boolean atEnd;
  private boolean textRead;

  private CorpusReader(Configuration conf, CorpusSource source, CorpusPiece piece, InputStream in) throws IOException {
    this.conf = conf;
    this.source = source;
    this.piece = piece;
    this.in = in;
    lines = new Lines(in, piece.start(), piece.end());
  }

  /** @throws UserError, here and while reading, that names the file and the line where something is wrong */
  public static CorpusReader open(Configuration conf, CorpusSource source, CorpusPiece piece) {
    try {
      long start = piece.start();
      // One byte early: whether a line starts right here shows in the byte before it.
      InputStream in = open(conf, piece.file().path(), start == 0 ? 0 : start - 1);
      return new CorpusReader(conf, source, piece, in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public boolean hasNext() {
    if (next == null && !atEnd) {
      try {
        next = source.format() == CorpusFormat.TEXT ? readText() : readLine();
      } catch (EOFException e) {
        throw new UserError(piece.file().path() + " is cut off: its compressed data ends early; copy it again", e);
      } catch (IOException e) {
        throw new UserError(piece.file().path() + " cannot be read: " + e.getMessage(), e);
      }
      atEnd = next == null;
    }
    return next != null;
  }

  @Override
  public Document next() {
    if (!hasNext()) throw new NoSuchElementException();
    Document document = next;
    next = null;
    return document;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  private Document readText() throws IOException {
    if (textRead) return null;
    textRead = true;
    byte[] bytes = in.readAllBytes();
    int from = StrictUtf8.afterByteOrderMark(bytes);
    String text = StrictUtf8.decode(bytes, from, bytes.length, at -> new UserError(piece.file().path() + ": byte " + at
        + " is not UTF-8; convert the file to UTF-8"));
    return new Document(piece.file().name(), text, Map.of());
  }

  private Document readLine() throws IOException {
    while (lines.next()) {
      if (lines.isBlank()) continue;
      long offset = lines.offset();
      String line = StrictUtf8.decode(lines.bytes(), lines.from(), lines.to(),
          at -> wrong(offset, "byte " + (at + 1) + " of the line is not UTF-8; convert the file to UTF-8"));
      String place = piece.file().name() + "@" + offset;
      if (source.format() == CorpusFormat.LINES)
        return new Document(place, line.endsWith("\r") ? line.substring(0, line.length() - 1) : line, Map.of());
      return JsonDocument.parse(line, source, place, what -> wrong(offset, what));
    }
    return null;
  }

  /** The line's number is counted only now, when it is needed: a piece does not know how many lines are before it. */
  private UserError wrong(long offset, String what) {
    String path = piece.file().path();
    long line = 1;
    try (InputStream again = open(conf, path, 0)) {
      for (long i = 0; i < offset; i++) if (again.read() == '\n') line++;
    } catch (IOException e) {
      return new UserError(path + ", at byte " + offset + ": " + what, e);
    }
    return new UserError(path + ":" + line + ": " + what);
  }

  private static InputStream open(Configuration conf, String path, long start) throws IOException {
    Path file = new Path(path);
    CompressionCodec codec = new CompressionCodecFactory(conf).getCodec(file);
    FSDataInputStream raw = file.getFileSystem(conf).open(file);
    try {
      if (codec != null) return new BufferedInputStream(codec.createInputStream(raw), 1 << 16);
      raw.seek(start);
      return new BufferedInputStream(raw, 1 << 16);
    } catch (IOException | RuntimeException e) {
      raw.close();
      throw e;
    }
  }
}
