package dev.kindling.data.job;

import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** Local files under {@code meddled:}: something happens just before one is looked at, or a folder is moved in part, as stores do it. */
public final class MeddledFiles extends RawLocalFileSystem {
  private static String looked;
  private static Runnable event;
  private static String cut;

  static Configuration configuration() {
    Configuration conf = new Configuration();
    conf.set("fs.meddled.impl", MeddledFiles.class.getName());
    return conf;
  }

  static void reset() {
    looked = null;
    cut = null;
  }

  /** @param path of a file or folder; @param event that happens once, before it is looked at from when it is there */
  static void when(String path, Runnable event) {
    looked = new Path(path).toUri().getPath();
    MeddledFiles.event = event;
  }

  /** @param name of a folder, of which a rename moves one file and no more */
  static void cut(String name) {
    cut = name;
  }

  private void look(Path path) {
    boolean now = path.toUri().getPath().equals(looked) && pathToFile(path).exists();
    if (!now) return;
    looked = null;
    event.run();
  }

  @Override
  public URI getUri() {
    return URI.create("meddled:///");
  }

  @Override
  public boolean exists(Path path) throws IOException {
    look(path);
    return super.exists(path);
  }

  @Override
  public FileStatus getFileStatus(Path path) throws IOException {
    look(path);
    return super.getFileStatus(path);
  }

  @Override
  public FileStatus[] listStatus(Path path) throws IOException {
    look(path);
    return super.listStatus(path);
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    if (!from.getName().equals(cut)) return super.rename(from, to);
    Path one = super.listStatus(from)[0].getPath();
    super.mkdirs(to);
    super.rename(one, new Path(to, one.getName()));
    throw new IOException("killed");
  }
}
