package dev.kindling.checkpoint.commit;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * A local disk with the manners of an object store (no renaming of folders, none onto what exists) whose writer can be
 * made to die: after a number of changes every further one fails, as after kill -9, and half a file stays where it was.
 */
public final class DyingStore extends RawLocalFileSystem {
  private static final AtomicLong CHANGES_LEFT = new AtomicLong();

  static Configuration conf() {
    Configuration conf = new Configuration(false);
    conf.set("fs.objects.impl", DyingStore.class.getName());
    conf.setBoolean("fs.objects.impl.disable.cache", true);
    return conf;
  }

  static void dieAfter(long count) {
    CHANGES_LEFT.set(count);
  }

  private static void change() throws IOException {
    if (CHANGES_LEFT.getAndDecrement() <= 0) throw new IOException("the writer is dead");
  }

  @Override
  public URI getUri() {
    return URI.create("objects:///");
  }

  @Override
  public FSDataOutputStream create(Path path, boolean overwrite) throws IOException {
    change();
    FSDataOutputStream file = super.create(path, overwrite);
    return new FSDataOutputStream(new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        write(new byte[]{(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        file.write(bytes, offset, length / 2);
        file.flush();
        change();
        file.write(bytes, offset + length / 2, length - length / 2);
      }

      @Override
      public void close() throws IOException {
        file.close();
      }
    }, null);
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    change();
    if (getFileStatus(from).isDirectory())
      throw new UnsupportedOperationException("an object store renames no folders");
    if (exists(to)) throw new FileAlreadyExistsException(to.toString());
    return super.rename(from, to);
  }

  @Override
  public boolean delete(Path path, boolean recursive) throws IOException {
    change();
    return super.delete(path, recursive);
  }
}
