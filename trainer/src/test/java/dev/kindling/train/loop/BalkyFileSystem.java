package dev.kindling.train.loop;

import java.io.IOException;
import java.net.URI;
import java.util.concurrent.CountDownLatch;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/** Local files under {@code balky:}, whose disk is full from a step on, or which takes its time. */
public final class BalkyFileSystem extends RawLocalFileSystem {
  static final String SCHEME = "balky";
  /** Files of the folder of that step are refused; null: none. */
  static volatile String full;
  /** Files of optimizers are not begun before it is open. */
  static volatile CountDownLatch gate = new CountDownLatch(0);

  static Configuration configuration() {
    Configuration conf = new Configuration();
    conf.setClass("fs." + SCHEME + ".impl", BalkyFileSystem.class, org.apache.hadoop.fs.FileSystem.class);
    return conf;
  }

  @Override
  public URI getUri() {
    return URI.create(SCHEME + ":///");
  }

  @Override
  public FSDataOutputStream create(Path f, FsPermission permission, boolean overwrite, int bufferSize,
      short replication, long blockSize, Progressable progress) throws IOException {
    return ready(f, super.create(f, permission, overwrite, bufferSize, replication, blockSize, progress));
  }

  @Override
  public FSDataOutputStream create(Path f, boolean overwrite, int bufferSize, short replication, long blockSize,
      Progressable progress) throws IOException {
    return ready(f, super.create(f, overwrite, bufferSize, replication, blockSize, progress));
  }

  private static FSDataOutputStream ready(Path f, FSDataOutputStream out) throws IOException {
    try {
      if (f.toString().contains("/optimizer/")) gate.await();
    } catch (InterruptedException e) {
      throw new IOException("interrupted", e);
    }
    if (full != null && f.toString().contains(full)) {
      out.close();
      throw new IOException("No space left on device");
    }
    return out;
  }
}
