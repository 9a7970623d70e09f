package dev.kindling.jobs.pipeline;

import java.io.IOException;
import java.net.URI;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.ipc.RemoteException;
import org.apache.hadoop.util.Progressable;

/** Local files under {@code stalling:}. What others do while a process stalls happens once, after it has next listed a folder. */
public final class StallingFiles extends RawLocalFileSystem {
  private static final AtomicReference<Runnable> OTHERS = new AtomicReference<>();

  static Configuration conf() {
    Configuration conf = new Configuration();
    conf.set("fs.stalling.impl", StallingFiles.class.getName());
    conf.setBoolean("fs.stalling.impl.disable.cache", true);
    return conf;
  }

  static void afterTheNextListing(Runnable others) {
    OTHERS.set(others);
  }

  @Override
  public URI getUri() {
    return URI.create("stalling:///");
  }

  @Override
  public FileStatus[] listStatus(Path folder) throws IOException {
    FileStatus[] found = super.listStatus(folder);
    Runnable others = OTHERS.getAndSet(null);
    if (others != null) others.run();
    return found;
  }

  /** As HDFS answers where another is still creating the file. */
  @Override
  public FSDataOutputStream create(Path file, FsPermission permission, boolean overwrite, int bufferSize,
      short replication, long blockSize, Progressable progress) throws IOException {
    if (!overwrite && exists(file)) {
      throw new RemoteException("org.apache.hadoop.hdfs.protocol.AlreadyBeingCreatedException",
          "Failed to CREATE_FILE " + file);
    }
    return super.create(file, permission, overwrite, bufferSize, replication, blockSize, progress);
  }
}
