package dev.kindling.data.corpus;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A file of a corpus.
 *
 * @param path where it is
 * @param name its path below the deepest folder that holds all files: the same wherever the corpus lies
 * @param bytes its size
 */
public record CorpusFile(String path, String name, long bytes) implements Serializable {

  /** @return all files, by name; @throws UserError where a path is missing or matches no file */
  public static List<CorpusFile> list(Configuration conf, CorpusSource source) {
    return list(conf, source, "input");
  }

  /** The same. @param setting which the paths are of, for what a user is told */
  public static List<CorpusFile> list(Configuration conf, CorpusSource source, String setting) {
    TreeMap<String, Long> found = new TreeMap<>();
    try {
      for (String path : source.paths()) {
        TreeMap<String, Long> here = new TreeMap<>();
        for (FileStatus status : matches(conf, new Path(path), setting)) collect(status, conf, here);
        if (here.isEmpty())
          throw new UserError(setting + " " + path
              + " holds no files; give a file, a folder with files, or a glob that matches some");
        found.putAll(here);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String common = commonFolder(new ArrayList<>(found.keySet()));
    List<CorpusFile> files = new ArrayList<>();
    found.forEach((path, bytes) -> files.add(new CorpusFile(path, path.substring(common.length()), bytes)));
    files.sort(Comparator.comparing(CorpusFile::name));
    return files;
  }

  private static FileStatus[] matches(Configuration conf, Path path, String setting) throws IOException {
    FileStatus[] matches;
    try {
      matches = Storage.reach(conf, path).globStatus(path);
    } catch (FileNotFoundException e) {
      throw new UserError(setting + " " + path + " does not exist; give a file, a folder or a glob", e);
    }
    if (matches == null || matches.length == 0)
      throw new UserError(setting + " " + path + " does not exist; give a file, a folder or a glob");
    return matches;
  }

  private static void collect(FileStatus status, Configuration conf, TreeMap<String, Long> found) throws IOException {
    if (!status.isDirectory()) {
      found.put(status.getPath().toString(), status.getLen());
      return;
    }
    FileSystem files = status.getPath().getFileSystem(conf);
    for (FileStatus child : files.listStatus(status.getPath())) {
      String name = child.getPath().getName();
      if (!name.startsWith(".") && !name.startsWith("_")) collect(child, conf, found);
    }
  }

  private static String commonFolder(List<String> paths) {
    String common = paths.get(0);
    for (String path : paths) {
      int same = 0;
      int most = Math.min(common.length(), path.length());
      while (same < most && common.charAt(same) == path.charAt(same)) same++;
      common = common.substring(0, same);
    }
    return common.substring(0, common.lastIndexOf('/') + 1);
  }
}
