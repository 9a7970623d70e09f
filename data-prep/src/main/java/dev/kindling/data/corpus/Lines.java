package dev.kindling.data.corpus;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Runs of bytes that end at a separator, {@code \n} for lines and nothing else, those that start in [start, end) of a file. Of a
 * run that is too long only the beginning is kept.
 */
final class Lines {
  private final InputStream in;
  private final byte[] separator;
  private final int mostBytes;
  private final byte[] buffer = new byte[1 << 16];
  private final long end;
  private int bufferAt;
  private int bufferSize;
  private byte[] line = new byte[1 << 12];
  private int length;
  private long size;
  private long offset;
  private long position;

  /** Lines. @param in stands at {@code start - 1}, or at 0 where start is 0; @param mostBytes of a line */
  Lines(InputStream in, long start, long end, int mostBytes) throws IOException {
    this(in, "\n", end, mostBytes);
    position = start;
    if (start > 0) {
      position = start - 1;
      readToSeparator();                                       // the line that runs into this piece is the piece's before
    }
  }

  /** All runs of a stream between separators. */
  Lines(InputStream in, String separator, long end, int mostBytes) {
    this.in = in;
    this.separator = separator.getBytes(StandardCharsets.UTF_8);
    this.end = end;
    this.mostBytes = mostBytes;
  }

  /** @return whether there is another line; it is then in {@link #bytes} */
  boolean next() throws IOException {
    if (position >= end) return false;
    offset = position;
    return readToSeparator();
  }

  byte[] bytes() {
    return line;
  }

  /** First byte of the line in {@link #bytes}; behind a byte order mark at the start of the file. */
  int from() {
    return offset == 0 ? StrictUtf8.afterByteOrderMark(line, length) : 0;
  }

  int to() {
    return length;
  }

  /** Bytes of the line, in {@link #bytes} or not. */
  long size() {
    return size;
  }

  /** @return whether the line has more bytes than are kept; {@link #bytes} holds how it begins */
  boolean isTooLong() {
    return size > mostBytes;
  }

  /** Where the line starts in the (unpacked) file. */
  long offset() {
    return offset;
  }

  boolean isBlank() {
    if (isTooLong()) return false;
    for (int i = from(); i < length; i++)
      if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r' && line[i] != '\n') return false;
    return true;
  }

  private boolean readToSeparator() throws IOException {
    length = 0;
    size = 0;
    byte last = separator[separator.length - 1];
    while (true) {
      if (bufferAt == bufferSize) {
        bufferSize = in.read(buffer);
        bufferAt = 0;
        if (bufferSize < 0) {
          bufferSize = 0;
          return size > 0;
        }
      }
      int stop = bufferAt;
      while (stop < bufferSize && buffer[stop] != last) stop++;
      boolean candidate = stop < bufferSize;
      int count = (candidate ? stop + 1 : stop) - bufferAt;
      append(count);
      bufferAt += count;
      if (candidate && endsWithSeparator()) {
        length -= separator.length;
        size -= separator.length;
        return true;
      }
    }
  }

  private boolean endsWithSeparator() {
    return length >= separator.length
        && Arrays.equals(line, length - separator.length, length, separator, 0, separator.length);
  }

  private void append(int count) {
    size += count;
    position += count;
    if (size > (long) mostBytes + separator.length && length > Unreadable.EXCERPT + separator.length) {
      // Too long to keep: how it begins is for the message, its last bytes may be the start of a separator.
      System.arraycopy(line, length - separator.length, line, Unreadable.EXCERPT, separator.length);
      length = Unreadable.EXCERPT + separator.length;
    }
    if (line.length - length < count)
      line = Arrays.copyOf(line, Math.max((int) Math.min(line.length * 2L, Integer.MAX_VALUE - 8), length + count));
    System.arraycopy(buffer, bufferAt, line, length, count);
    length += count;
  }
}
