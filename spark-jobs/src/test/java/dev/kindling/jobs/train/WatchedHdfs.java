package dev.kindling.jobs.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.util.Progressable;

/**
 * HDFS whose writers, in whatever process, do as files in a local folder say.
 *
 * <pre>
 *   hold    part of a path: the next file of such a name is written but for its last bytes, then
 *   held    appears, with the path, and the writer waits until
 *   go      is there
 *   slow    milliseconds that every new file takes
 * </pre>
 */
public final class WatchedHdfs extends DistributedFileSystem {
  static final String FOLDER = "watched.folder";
  private static final long LONGEST_MILLIS = 60_000;

  @Override
  public FSDataOutputStream create(Path f, FsPermission permission, boolean overwrite, int bufferSize,
      short replication, long blockSize, Progressable progress) throws IOException {
    FSDataOutputStream out = super.create(f, permission, overwrite, bufferSize, replication, blockSize, progress);
    sleep(Long.parseLong(text("slow", "0")));
    String hold = text("hold", "");
    return !hold.isEmpty() && f.toString().contains(hold) && taken("hold") ? new Held(out, f) : out;
  }

  private java.nio.file.Path file(String name) {
    return java.nio.file.Path.of(getConf().get(FOLDER), name);
  }

  private String text(String name, String otherwise) throws IOException {
    try {
      return Files.readString(file(name));
    } catch (NoSuchFileException e) {
      return otherwise;
    }
  }

  private boolean taken(String name) throws IOException {
    return Files.deleteIfExists(file(name));
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A file that is held after its first bytes have reached the data nodes. */
  private final class Held extends FSDataOutputStream {
    private final Path path;
    private boolean waited;

    Held(FSDataOutputStream out, Path path) throws IOException {
      super(out, null);
      this.path = path;
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
      super.write(bytes, offset, length);
      if (waited) return;
      waited = true;
      hflush();
      Files.writeString(file("held"), path.toUri().getPath());
      long end = System.nanoTime() + LONGEST_MILLIS * 1_000_000;
      while (!Files.exists(file("go"))) {
        if (System.nanoTime() > end) throw new UncheckedIOException(new IOException("nobody let the writer go on"));
        sleep(20);
      }
    }
  }
}
