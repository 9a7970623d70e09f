package dev.kindling.data.corpus;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.parquet.bytes.ByteBufferAllocator;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.ParquetFileRange;
import org.apache.parquet.io.SeekableInputStream;

/**
 * A Parquet file that remembers whether its storage failed, so that this is never taken for damaged data. What lies outside the
 * file, as damaged places do, is not asked of storage.
 */
final class WatchedFile implements InputFile {
  private final HadoopInputFile file;
  private volatile boolean failed;

  WatchedFile(HadoopInputFile file) {
    this.file = file;
  }

  /** @return whether storage did not give all that it was asked for */
  boolean hasFailed() {
    return failed;
  }

  @Override
  public long getLength() {
    return file.getLength();
  }

  @Override
  public SeekableInputStream newStream() throws IOException {
    try {
      return new Watched(file.newStream());
    } catch (IOException e) {
      failed = true;
      throw e;
    }
  }

  @Override
  public String toString() {
    return file.toString();
  }

  private void inside(long position, long count) throws EOFException {
    if (position < 0 || count < 0 || position + count > getLength())
      throw new EOFException(
          "bytes " + position + " to " + (position + count) + " are outside of the file, which has " + getLength());
  }

  private interface Reading<T> {
    T get() throws IOException;
  }

  private <T> T watched(Reading<T> reading) throws IOException {
    try {
      return reading.get();
    } catch (IOException e) {
      failed = true;
      throw e;
    }
  }

  private final class Watched extends SeekableInputStream {
    private final SeekableInputStream in;

    Watched(SeekableInputStream in) {
      this.in = in;
    }

    @Override
    public long getPos() throws IOException {
      return watched(in::getPos);
    }

    @Override
    public void seek(long position) throws IOException {
      inside(position, 0);
      watched(() -> {
        in.seek(position);
        return null;
      });
    }

    @Override
    public int read() throws IOException {
      return watched(in::read);
    }

    @Override
    public int read(byte[] to, int from, int count) throws IOException {
      return watched(() -> in.read(to, from, count));
    }

    @Override
    public int read(ByteBuffer to) throws IOException {
      return watched(() -> in.read(to));
    }

    @Override
    public void readFully(byte[] to) throws IOException {
      readFully(to, 0, to.length);
    }

    @Override
    public void readFully(byte[] to, int from, int count) throws IOException {
      inside(getPos(), count);
      watched(() -> {
        in.readFully(to, from, count);
        return null;
      });
    }

    @Override
    public void readFully(ByteBuffer to) throws IOException {
      inside(getPos(), to.remaining());
      watched(() -> {
        in.readFully(to);
        return null;
      });
    }

    @Override
    public void readVectored(List<ParquetFileRange> ranges, ByteBufferAllocator allocator) throws IOException {
      for (ParquetFileRange range : ranges) inside(range.getOffset(), range.getLength());
      watched(() -> {
        in.readVectored(ranges, allocator);
        return null;
      });
      for (ParquetFileRange range : ranges) {
        range.setDataReadFuture(range.getDataReadFuture().whenComplete((bytes, thrown) -> {
          if (thrown != null) failed = true;
        }));
      }
    }

    @Override
    public boolean readVectoredAvailable(ByteBufferAllocator allocator) {
      return in.readVectoredAvailable(allocator);
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
