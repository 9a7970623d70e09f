package dev.kindling.checkpoint;

import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.ipc.RemoteException;
import org.apache.hadoop.security.AccessControlException;

/** How this module opens a path: any Hadoop file system, with errors that name the file. */
public final class Storage {
  /** Where the exceptions of networks and of Hadoop's clients live. */
  private static final List<String> OUTAGES = List.of("java.net.", "org.apache.hadoop.hdfs.", "org.apache.hadoop.ipc.",
      "org.apache.hadoop.net.", "org.apache.hadoop.fs.s3a.");

  private static final String ADD = "add the library that does, behind -- with Spark's --packages or --jars";

  private static final Map<FileSystem, LocalFiles> LOCAL = new WeakHashMap<>();      // by Hadoop's own

  private Storage() {
  }

  /**
   * The path's file system. On local disks {@link LocalFiles}, without {@code .crc} side files: they would stop a user who edits a
   * {@code config.json} by hand, and manifests hold a SHA-256 of every file anyway. Where {@code fs.file.impl} names a way to disks
   * that is not Hadoop's, that one.
   */
  public static FileSystem of(Configuration conf, Path path) {
    try {
      FileSystem fs = reach(conf, path);
      return fs instanceof LocalFileSystem local ? raw(local) : fs;
    } catch (IOException e) {
      throw new UncheckedIOException(path + " cannot be reached: " + e.getMessage(), e);
    }
  }

  private static FileSystem raw(LocalFileSystem hadoops) throws IOException {
    FileSystem raw = hadoops.getRawFileSystem();
    if (raw.getClass() != RawLocalFileSystem.class) return raw;
    synchronized (LOCAL) {
      LocalFiles files = LOCAL.get(hadoops);
      if (files == null) LOCAL.put(hadoops, files = LocalFiles.of(hadoops.getConf()));
      return files;
    }
  }

  /** The path's file system as Hadoop gives it; a UserError where no library is there that reads such addresses. */
  public static FileSystem reach(Configuration conf, Path path) throws IOException {
    try {
      return path.getFileSystem(conf);
    } catch (UnsupportedFileSystemException e) {
      throw new UserError(path + ": nothing here reads addresses of this kind; check how it begins, or " + ADD, e);
    } catch (RuntimeException | NoClassDefFoundError e) {
      boolean missing = e instanceof NoClassDefFoundError || e.getCause() instanceof ClassNotFoundException;
      if (!missing) throw e;
      throw new UserError(path + ": what reads such addresses is not on the class path ("
          + e.getMessage().replaceFirst(".*ClassNotFoundException: ", "") + "); " + ADD, e);
    }
  }

  /**
   * A path that other processes understand alike: one without a beginning is taken from this process's working directory. Schemes
   * are left as they are, and so is their lack.
   */
  public static String absolute(Configuration conf, String path) {
    Path given = new Path(path);
    if (given.isAbsolute() || given.toUri().getScheme() != null) return path;
    return new Path(of(conf, given).getWorkingDirectory().toUri().getPath(), given).toString();
  }

  /** The file's status; a UserError where there is none. */
  public static FileStatus file(FileSystem fs, Path path) {
    try {
      FileStatus status = fs.getFileStatus(path);
      if (status.isDirectory()) throw new UserError(path + " is a folder; a file is needed");
      return status;
    } catch (FileNotFoundException e) {
      throw new UserError(path + " does not exist", e);
    } catch (IOException e) {
      throw failed(path, e);
    }
  }

  /** Whether there is a file or folder of that name. */
  public static boolean exists(FileSystem fs, Path path) {
    try {
      return fs.exists(path);
    } catch (IOException e) {
      throw failed(path, e);
    }
  }

  /** Whether there is a file of that name, and no folder. */
  public static boolean isFile(FileSystem fs, Path path) {
    try {
      return fs.getFileStatus(path).isFile();
    } catch (FileNotFoundException e) {
      return false;
    } catch (IOException e) {
      throw failed(path, e);
    }
  }

  /** Whether two names are of one file or folder, by way of links on local disks too. */
  public static boolean same(Configuration conf, Path a, Path b) {
    Path one = of(conf, a).makeQualified(a), other = of(conf, b).makeQualified(b);
    if (one.equals(other)) return true;
    if (!"file".equals(one.toUri().getScheme()) || !"file".equals(other.toUri().getScheme())) return false;
    java.nio.file.Path here = Paths.get(one.toUri().getPath()), there = Paths.get(other.toUri().getPath());
    try {
      return Files.exists(here) && Files.exists(there) && Files.isSameFile(here, there);
    } catch (IOException e) {
      throw failed(a, e);
    }
  }

  /** All of a small file; a UserError when it is missing or larger than {@code limit}. */
  public static byte[] readSmall(FileSystem fs, Path path, int limit) {
    long size = file(fs, path).getLen();
    if (size > limit)
      throw new UserError(path + " has " + size + " bytes; at most " + limit + " are read of such a file");
    byte[] bytes = new byte[(int) size];
    try (FSDataInputStream in = fs.open(path)) {
      in.readFully(0, bytes);
    } catch (IOException e) {
      throw failed(path, e);
    }
    return bytes;
  }

  /**
   * Whether an exception tells of the way to a file and not of the file itself: a service that is away, a connection that
   * broke. A later try may well succeed; not where the service answers that there is no such file, or that it may not be read.
   */
  public static boolean isOutage(Throwable e) {
    Throwable cause = e;
    for (int depth = 0; cause != null && depth < 20; depth++, cause = cause.getCause()) {
      if (isAnswer(cause)) return false;
      String name = cause.getClass().getName();
      if (cause instanceof IOException && OUTAGES.stream().anyMatch(name::startsWith)) return true;
    }
    return false;
  }

  private static boolean isAnswer(Throwable e) {
    IOException told = e instanceof RemoteException remote
        ? remote.unwrapRemoteException(AccessControlException.class, FileNotFoundException.class)
        : null;
    Throwable of = told == null ? e : told;
    return of instanceof AccessControlException || of instanceof FileNotFoundException;
  }

  /**
   * What an exception of the file system is: a damaged file is the user's to know in one line, all else keeps its
   * stack.
   */
  public static RuntimeException failed(Path path, IOException e) {
    if (e instanceof EOFException)
      return new UserError(path + " ends too early; it is damaged or still being written", e);
    if (e instanceof ChecksumException)
      return new UserError(path + " is damaged: " + e.getMessage(), e);
    if (e instanceof FileNotFoundException) return new UserError(path + " does not exist", e);
    return new UncheckedIOException(path + ": " + e.getMessage(), e);
  }
}
