package dev.kindling.jobs.command;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;

/** Local files under {@code outage:}, as of a server that goes away at some moment: for some requests, or for good. */
public final class OutageFiles extends RawLocalFileSystem {
  static final String SCHEME = "outage";
  private static final Object LOCK = new Object();
  private static String first = "";              // path that is yet to be asked for; empty: none
  private static int refusals;                   // that are to come from then on

  /** From the next request for such a path on, that many requests fail. @param path a part of it */
  static void goesAwayAt(String path, int requests) {
    synchronized (LOCK) {
      first = path;
      refusals = requests;
    }
  }

  static void comesBack() {
    goesAwayAt("", 0);
  }

  private static void ask(Path path) throws IOException {
    synchronized (LOCK) {
      if (!path.toString().contains(first)) return;
      first = "";
      if (refusals == 0) return;
      refusals--;
    }
    throw new ConnectException("the server is away");
  }

  @Override
  public URI getUri() {
    return URI.create(SCHEME + ":///");
  }

  @Override
  public FSDataOutputStream create(Path file, boolean overwrite, int bufferSize, short replication, long blockSize,
      Progressable progress) throws IOException {
    ask(file);
    return super.create(file, overwrite, bufferSize, replication, blockSize, progress);
  }

  @Override
  public FSDataInputStream open(Path file, int bufferSize) throws IOException {
    ask(file);
    return super.open(file, bufferSize);
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    ask(to);
    return super.rename(from, to);
  }

  @Override
  public boolean delete(Path path, boolean recursive) throws IOException {
    ask(path);
    return super.delete(path, recursive);
  }

  @Override
  public FileStatus[] listStatus(Path folder) throws IOException {
    ask(folder);
    return super.listStatus(folder);
  }

  @Override
  public FileStatus getFileStatus(Path path) throws IOException {
    ask(path);
    return super.getFileStatus(path);
  }
}
