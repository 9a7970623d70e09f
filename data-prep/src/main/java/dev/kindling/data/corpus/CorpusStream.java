package dev.kindling.data.corpus;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;

/**
 * The unpacked bytes of a file, which tells damaged data from storage that fails. Zstandard is unpacked by the library that Spark
 * brings: Hadoop's own codec needs Hadoop's native code.
 */
public final class CorpusStream extends FilterInputStream {
  private static final String ZSTD = ".zst";
  private static final int BUFFER = 1 << 16;

  private final Watched storage;
  private final boolean compressed;

  private CorpusStream(InputStream in, Watched storage, boolean compressed) {
    super(in);
    this.storage = storage;
    this.compressed = compressed;
  }

  static boolean isCompressed(Configuration conf, String path) {
    return path.endsWith(ZSTD) || new CompressionCodecFactory(conf).getCodec(new Path(path)) != null;
  }

  /** @param start where to begin; 0 in a compressed file */
  public static CorpusStream open(Configuration conf, String path, long start) throws IOException {
    Path file = new Path(path);
    FSDataInputStream raw = file.getFileSystem(conf).open(file);
    Watched storage = new Watched(raw);
    boolean compressed = isCompressed(conf, path);
    try {
      raw.seek(start);
      InputStream in = compressed ? new Unpacking(storage, path, conf) : storage;
      return new CorpusStream(new BufferedInputStream(in, BUFFER), storage, compressed);
    } catch (IOException | RuntimeException e) {
      raw.close();
      throw e;
    }
  }

  /** @return whether what reading threw came from the data: its storage gave all that it was asked for */
  public boolean isDamaged() {
    return compressed && !storage.failed;
  }

  /** What damaged data made reading throw, in a user's words. */
  public static String damage(Exception thrown) {
    return thrown instanceof EOFException
        ? "the file is cut off: its compressed data ends early; copy it again"
        : "the file cannot be read on from here, its data are damaged: " + thrown.getMessage() + "; copy it again";
  }

  /** Opens the decoder at the first read, so that a wrong header is met where all other damage is. */
  private static final class Unpacking extends InputStream {
    private final InputStream packed;
    private final String path;
    private final Configuration conf;
    private InputStream unpacked;

    Unpacking(InputStream packed, String path, Configuration conf) {
      this.packed = packed;
      this.path = path;
      this.conf = conf;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] to, int from, int count) throws IOException {
      if (unpacked == null) unpacked = unpack();
      return unpacked.read(to, from, count);
    }

    private InputStream unpack() throws IOException {
      if (path.endsWith(ZSTD)) return new ZstdInputStreamNoFinalizer(new BufferedInputStream(packed, BUFFER));
      CompressionCodec codec = new CompressionCodecFactory(conf).getCodec(new Path(path));
      return codec.createInputStream(packed);
    }

    @Override
    public void close() throws IOException {
      if (unpacked != null) unpacked.close();
      packed.close();
    }
  }

  /** Remembers whether storage failed. */
  private static final class Watched extends FilterInputStream {
    private boolean failed;

    Watched(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      try {
        return in.read();
      } catch (IOException e) {
        failed = true;
        throw e;
      }
    }

    @Override
    public int read(byte[] to, int from, int count) throws IOException {
      try {
        return in.read(to, from, count);
      } catch (IOException e) {
        failed = true;
        throw e;
      }
    }
  }
}
