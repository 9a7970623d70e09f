package dev.kindling.checkpoint;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.UUID;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;

/**
 * A file while it is written, hashed on the way. {@link #create} writes under a temporary name that {@link #commit}
 * renames: nobody sees half a file. {@link #inPlace} writes under the final name, for folders that a manifest commits
 * (a rename is a copy on object stores). Closing without a commit deletes what was written.
 */
public final class PendingFile extends OutputStream implements Closeable {
  private final FileSystem fs;
  private final Path written, target;
  private final FSDataOutputStream out;
  private final MessageDigest digest = sha256();
  private long size;
  private boolean committed, closed;

  private PendingFile(FileSystem fs, Path written, Path target) throws IOException {
    this.fs = fs;
    this.written = written;
    this.target = target;
    this.out = fs.create(written, true);
  }

  /**
   * Written beside {@code target} under a temporary name; the commit replaces the file at {@code target}.
   *
   * @throws UserError when a folder is there: a renamed file would vanish into it
   */
  public static PendingFile create(FileSystem fs, Path target) throws IOException {
    if (fs.exists(target)) Storage.file(fs, target);
    String name = "." + target.getName() + "." + UUID.randomUUID().toString().substring(0, 8) + ".tmp";
    Path parent = target.getParent();
    return new PendingFile(fs, parent == null ? new Path(name) : new Path(parent, name), target);
  }

  /** Written as {@code target} at once. */
  public static PendingFile inPlace(FileSystem fs, Path target) throws IOException {
    return new PendingFile(fs, target, target);
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[]{(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    out.write(bytes, offset, length);
    digest.update(bytes, offset, length);
    size += length;
  }

  /** Bytes so far. */
  public long size() {
    return size;
  }

  /** Makes the file durable and visible. @param name what its entry calls it */
  public FileEntry commit(String name) throws IOException {
    FileEntry entry = finish(name);
    publish();
    return entry;
  }

  /** Makes the file durable under its temporary name; it still goes away unless it is published. @param name as above */
  public FileEntry finish(String name) throws IOException {
    if (out.hasCapability(StreamCapabilities.HSYNC)) out.hsync();
    out.close();
    closed = true;
    return new FileEntry(name, size, HexFormat.of().formatHex(digest.digest()));
  }

  /** Makes a finished file visible. */
  public void publish() throws IOException {
    if (!written.equals(target)) rename();
    committed = true;
  }

  private void rename() throws IOException {
    boolean local = fs.getUri().getScheme().equals("file");
    if (!local && fs.exists(target)) fs.delete(target, false);      // local disks replace in one step, others refuse to
    if (!fs.rename(written, target)) throw new IOException(written + " could not be renamed to " + target);
    // What Hadoop's checksummed local file system may have left beside the file that was replaced.
    if (local) fs.delete(new Path(target.getParent(), "." + target.getName() + ".crc"), false);
  }

  @Override
  public void close() throws IOException {
    if (committed) return;
    try {
      if (!closed) out.close();
    } catch (IOException e) {
      // The file goes away. HDFS throws here once more what the write threw, and an exception cannot suppress itself.
    } finally {
      closed = true;
      fs.delete(written, false);
    }
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
