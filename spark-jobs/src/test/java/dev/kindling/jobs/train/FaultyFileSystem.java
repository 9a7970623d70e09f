package dev.kindling.jobs.train;

import dev.kindling.jobs.train.Faults.Phase;
import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;
import org.apache.spark.TaskContext;

/** Local files under {@code faulty:}, at whose opening in executors faults may wait. */
public final class FaultyFileSystem extends RawLocalFileSystem {
  static final String SCHEME = "faulty";
  static final String FOLDER = "faulty.folder";

  @Override
  public URI getUri() {
    return URI.create(SCHEME + ":///");
  }

  @Override
  public FSDataInputStream open(Path f, int bufferSize) throws IOException {
    if (f.toString().contains("/optimizer/") && TaskContext.get() != null) at(Phase.LOAD, f);
    return super.open(f, bufferSize);
  }

  @Override
  public FSDataOutputStream create(Path f, boolean overwrite, int bufferSize, short replication, long blockSize,
      Progressable progress) throws IOException {
    FSDataOutputStream out = super.create(f, overwrite, bufferSize, replication, blockSize, progress);
    if (f.toString().contains("/optimizer/")) at(Phase.SNAPSHOT, f);
    return out;
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    if (to.getName().equals("manifest.json")) at(Phase.COMMIT, to);
    return super.rename(from, to);
  }

  private void at(Phase phase, Path file) throws IOException {
    String folder = getConf().get(FOLDER, "");
    try {
      if (!folder.isEmpty()) new Faults(folder).at(phase, rank(file), 0, null);
    } catch (Faults.Ended e) {
      throw new IOException(e);
    }
  }

  /** As far as a shard's name tells. */
  private static int rank(Path file) {
    String name = file.getName();
    return name.startsWith("shard-") ? Integer.parseInt(name.substring(6, 11)) : 0;
  }
}
