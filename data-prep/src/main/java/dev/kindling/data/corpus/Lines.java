package dev.kindling.data.corpus;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Lines of bytes that end at {@code \n} and nothing else, those that start in [start, end) of a file. */
final class Lines {
  private final InputStream in;
  private final byte[] buffer = new byte[1 << 16];
  private final long end;
  private int bufferAt;
  private int bufferSize;
  private byte[] line = new byte[1 << 12];
  private int length;
  private long offset;
  private long position;

  /** @param in stands at {@code start - 1}, or at 0 where start is 0 */
  Lines(InputStream in, long start, long end) throws IOException {
    this.in = in;
    this.end = end;
    position = start;
    if (start > 0) {
      position = start - 1;
      readToNewline();                                         // the line that runs into this piece is the piece's before
    }
  }

  /** @return whether there is another line; it is then in {@link #bytes} */
  boolean next() throws IOException {
    if (position >= end) return false;
    offset = position;
    return readToNewline();
  }

  byte[] bytes() {
    return line;
  }

  /** First byte of the line in {@link #bytes}; behind a byte order mark at the start of the file. */
  int from() {
    return offset == 0 ? StrictUtf8.afterByteOrderMark(Arrays.copyOf(line, Math.min(length, 3))) : 0;
  }

  int to() {
    return length;
  }

  /** Where the line starts in the (unpacked) file. */
  long offset() {
    return offset;
  }

  boolean isBlank() {
    for (int i = from(); i < length; i++) if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') return false;
    return true;
  }

  private boolean readToNewline() throws IOException {
    length = 0;
    while (true) {
      if (bufferAt == bufferSize) {
        bufferSize = in.read(buffer);
        bufferAt = 0;
        if (bufferSize < 0) {
          bufferSize = 0;
          return length > 0;
        }
      }
      int stop = bufferAt;
      while (stop < bufferSize && buffer[stop] != '\n') stop++;
      append(stop - bufferAt);
      boolean ended = stop < bufferSize;
      bufferAt = ended ? stop + 1 : stop;
      if (ended) {
        position++;
        return true;
      }
    }
  }

  private void append(int count) {
    if (line.length - length < count)
      line = Arrays.copyOf(line, Math.max(line.length * 2, Math.addExact(length, count)));
    System.arraycopy(buffer, bufferAt, line, length, count);
    length += count;
    position += count;
  }
}
