package dev.kindling.data;

import java.io.IOException;
import java.net.URI;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.security.AccessControlException;

/** Local files under {@code failing:}, which may break while they are read, and are counted while they are open. */
public final class FailingFiles extends RawLocalFileSystem {
  private static final String FROM = "failing.from";
  private static final AtomicInteger OPEN = new AtomicInteger();
  private static final AtomicInteger MOST = new AtomicInteger();

  /** @param from the first byte of every file that cannot be read; negative: files cannot be opened */
  public static Configuration from(long from) {
    Configuration conf = new Configuration();
    conf.set("fs.failing.impl", FailingFiles.class.getName());
    conf.setBoolean("fs.failing.impl.disable.cache", true);
    conf.setLong(FROM, from);
    OPEN.set(0);
    MOST.set(0);
    return conf;
  }

  /** Files that are open now. */
  public static int open() {
    return OPEN.get();
  }

  /** Files that were open at once since {@link #from}. */
  public static int mostOpen() {
    return MOST.get();
  }

  @Override
  public URI getUri() {
    return URI.create("failing:///");
  }

  @Override
  public FSDataInputStream open(Path file, int bufferSize) throws IOException {
    long from = getConf().getLong(FROM, 0);
    if (from < 0) throw new AccessControlException("Permission denied");
    FSDataInputStream in = super.open(file, bufferSize);
    MOST.accumulateAndGet(OPEN.incrementAndGet(), Math::max);
    return new FSDataInputStream(new Failing(in, from));
  }

  /** Its vectored reads are those of {@code PositionedReadable}: they come here too. */
  private static final class Failing extends FSInputStream implements StreamCapabilities {
    private final FSDataInputStream in;
    private final long from;
    private boolean closed;

    Failing(FSDataInputStream in, long from) {
      this.in = in;
      this.from = from;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] to, int offset, int count) throws IOException {
      if (in.getPos() + count > from) throw new IOException("Connection reset by peer");
      return in.read(to, offset, count);
    }

    @Override
    public void seek(long position) throws IOException {
      in.seek(position);
    }

    @Override
    public long getPos() throws IOException {
      return in.getPos();
    }

    @Override
    public boolean seekToNewSource(long position) {
      return false;
    }

    @Override
    public boolean hasCapability(String capability) {
      return capability.equals(StreamCapabilities.VECTOREDIO);
    }

    @Override
    public void close() throws IOException {
      if (!closed) OPEN.decrementAndGet();
      closed = true;
      in.close();
    }
  }
}
