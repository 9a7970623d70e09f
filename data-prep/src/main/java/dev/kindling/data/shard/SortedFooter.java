package dev.kindling.data.shard;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.Util;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.PositionOutputStream;

/**
 * A Parquet file whose bytes follow from its rows alone. Parquet's writer lists the encodings of a column chunk in the order of a
 * hash set of enums, which is another one in every process, and pads row groups to the blocks of the file system. The order has no
 * meaning (parquet.thrift, ColumnMetaData: "Set of all encodings"), so the footer is written with the lists sorted; nothing is padded.
 */
final class SortedFooter implements OutputFile {
  /** What ends a file: the footer's length, little-endian, and {@code PAR1} (parquet-format, "File format"). */
  private static final int END = 8;
  private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);

  private final OutputFile file;
  private Stream out;

  SortedFooter(OutputFile file) {
    this.file = file;
  }

  /**
   * To be called when no more rows come: what is written from now on stays in memory until the file is closed. That is at most the
   * row group that the writer has in memory too, the indexes, and the footer.
   */
  void holdBack() {
    if (out.held == null) out.held = new ByteArrayOutputStream();
  }

  @Override
  public PositionOutputStream create(long blockSize) throws IOException {
    out = new Stream(file.create(blockSize));
    return out;
  }

  @Override
  public PositionOutputStream createOrOverwrite(long blockSize) throws IOException {
    out = new Stream(file.createOrOverwrite(blockSize));
    return out;
  }

  @Override
  public boolean supportsBlockSize() {
    return false;
  }

  @Override
  public long defaultBlockSize() {
    return file.defaultBlockSize();
  }

  @Override
  public String getPath() {
    return file.getPath();
  }

  private static final class Stream extends PositionOutputStream {
    private final PositionOutputStream to;
    private ByteArrayOutputStream held;
    private boolean closed;

    Stream(PositionOutputStream to) {
      this.to = to;
    }

    @Override
    public long getPos() throws IOException {
      return held == null ? to.getPos() : to.getPos() + held.size();
    }

    @Override
    public void write(int b) throws IOException {
      if (held == null) to.write(b);
      else held.write(b);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (held == null) to.write(bytes, offset, length);
      else held.write(bytes, offset, length);
    }

    @Override
    public void flush() throws IOException {
      if (!closed) to.flush();
    }

    @Override
    public void close() throws IOException {
      if (closed) return;                         // Parquet's writer closes twice
      closed = true;
      try (PositionOutputStream last = to) {
        if (held != null) last.write(sorted(held.toByteArray()));
      }
    }
  }

  /** @param tail of a file, its footer within; one without, of a writer that failed, is left as it is */
  private static byte[] sorted(byte[] tail) throws IOException {
    int end = tail.length - END;
    if (end < 0 || !Arrays.equals(tail, tail.length - MAGIC.length, tail.length, MAGIC, 0, MAGIC.length)) return tail;
    int length = ByteBuffer.wrap(tail).order(ByteOrder.LITTLE_ENDIAN).getInt(end);
    FileMetaData footer = Util.readFileMetaData(new ByteArrayInputStream(tail, end - length, length));
    if (footer.isSetEncryption_algorithm()) return tail;          // what is signed cannot be changed
    for (RowGroup group : footer.getRow_groups()) {
      for (ColumnChunk chunk : group.getColumns()) sort(chunk.getMeta_data());
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream(tail.length);
    all.write(tail, 0, end - length);
    Util.writeFileMetaData(footer, all);
    int newLength = all.size() - (end - length);
    all.write(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(newLength).array());
    all.write(MAGIC);
    return all.toByteArray();
  }

  private static void sort(ColumnMetaData chunk) {
    Collections.sort(chunk.getEncodings());
    if (chunk.isSetEncoding_stats()) Collections.sort(chunk.getEncoding_stats());
  }
}
