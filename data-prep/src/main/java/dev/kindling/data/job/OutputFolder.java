package dev.kindling.data.job;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder that a job fills and commits by writing its manifest last. Everything is made in {@code _unfinished} below it and
 * moved into place when it is whole; a folder with {@code _unfinished} and without a manifest is what an interrupted run left,
 * and is begun anew, but for stages of the job that are whole and have the same fingerprint.
 */
final class OutputFolder {
  private static final String UNFINISHED = "_unfinished";
  private static final String STAGE = ".finished";

  private static final Logger LOG = LoggerFactory.getLogger(OutputFolder.class);

  private final FileSystem files;
  private final Path folder;
  private final String manifest;
  private final Set<String> names;
  private boolean made;

  /** @param manifest the file that commits the folder; @param names of what else the job puts there */
  OutputFolder(Configuration conf, Path folder, String manifest, Set<String> names) {
    try {
      files = Storage.reach(conf, folder);
      this.folder = files.makeQualified(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    this.manifest = manifest;
    this.names = names;
  }

  Path path() {
    return folder;
  }

  /** Where to write until {@link #commit}. */
  Path unfinished() {
    return new Path(folder, UNFINISHED);
  }

  /** @throws UserError where the folder holds something that this job did not leave there */
  void refuseStrangers() {
    List<String> found = list();
    boolean ours = found.contains(manifest) || found.contains(UNFINISHED);
    for (String name : found) {
      boolean known = name.equals(manifest) || name.equals(UNFINISHED) || names.contains(name) || isTemporary(name);
      if (!known || !ours)
        throw new UserError("output " + folder + " holds something else, such as " + name
            + "; give an empty or a new folder");
    }
  }

  /** What is left of one of the folder's files where its writer was killed. */
  private boolean isTemporary(String name) {
    return name.endsWith(".tmp")
        && Stream.concat(names.stream(), Stream.of(manifest)).anyMatch(one -> name.startsWith("." + one + "."));
  }

  /** @return the manifest of a finished run, or null */
  String finishedManifest() {
    return read(new Path(folder, manifest));
  }

  private String read(Path file) {
    try (InputStream in = files.open(file)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (FileNotFoundException e) {
      return null;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Clears what an interrupted run left and makes the folder ready. */
  void begin() {
    begin(Map.of(), Set.of());
  }

  /** The same, but keeps finished stages. @param stages fingerprints by name; @param besides what else stages leave, see {@link #beside} */
  void begin(Map<String, String> stages, Set<String> besides) {
    try {
      made = !files.exists(folder);
      List<String> found = list();
      // The manifest goes first: the folder never looks whole while it is cleared.
      if (found.remove(manifest)) files.delete(new Path(folder, manifest), false);
      for (String name : found) if (!name.equals(UNFINISHED)) files.delete(new Path(folder, name), true);
      List<String> left = names(unfinished());
      Set<String> kept = new HashSet<>();
      stages.forEach((name, fingerprint) -> {
        if (!isStageFinished(name, fingerprint)) return;
        boolean leavesMore = besides.contains(beside(name));
        if (leavesMore && !left.contains(beside(name))) return;   // a commit that was cut short had moved it
        kept.addAll(List.of(name, name + STAGE));
        if (leavesMore) kept.add(beside(name));
      });
      for (String name : left)
        if (!kept.contains(name)) files.delete(new Path(unfinished(), name), true);
      if (!files.mkdirs(unfinished()))
        throw new UserError("output " + folder + " cannot be made; check its path and permissions");
    } catch (IOException e) {
      throw new UserError("output " + folder + " cannot be written: " + e.getMessage(), e);
    }
  }

  /** Where a stage of the job leaves its rows; they are gone after {@link #commit}. */
  Path stage(String name) {
    return new Path(unfinished(), name);
  }

  /** The table in which a stage leaves what it signed documents with. */
  static String beside(String stage) {
    return stage + "-signatures";
  }

  /** @return whether an earlier run or this one finished the stage from the same inputs and settings */
  boolean isStageFinished(String name, String fingerprint) {
    return fingerprint.equals(read(new Path(unfinished(), name + STAGE)));
  }

  void finishStage(String name, String fingerprint) {
    write(name + STAGE, fingerprint);
  }

  void write(String name, String content) {
    try (OutputStream out = files.create(new Path(unfinished(), name))) {
      out.write(content.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Moves everything into place, the manifest last. */
  void commit(String manifestContent) {
    write(manifest, manifestContent);
    try {
      for (String name : names) move(name);
      move(manifest);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    clearUnfinished();
  }

  /** Of a folder that is committed; a run that was killed right then left it. */
  void clearUnfinished() {
    try {
      if (files.exists(unfinished())) files.delete(unfinished(), true);
    } catch (IOException e) {
      LOG.warn("could not clear {}: {}", unfinished(), e.getMessage());     // the dataset is whole with or without it
    }
  }

  /** After a failure: nothing half written stays. */
  void abandon() {
    try {
      if (finishedManifest() != null) return;
      for (String name : list()) files.delete(new Path(folder, name), true);
      if (made) files.delete(folder, true);
    } catch (IOException | UncheckedIOException e) {
      // The failure itself is what the user must hear of; the next run clears up.
      LOG.warn("could not clear {}: {}", folder, e.getMessage());
    }
  }

  private void move(String name) throws IOException {
    Path from = new Path(unfinished(), name);
    if (files.exists(from) && !files.rename(from, new Path(folder, name)))
      throw new IOException("could not move " + from + " to " + folder);
  }

  private List<String> list() {
    List<String> found = new ArrayList<>();
    try {
      FileStatus status = files.getFileStatus(folder);
      if (!status.isDirectory()) throw new UserError("output " + folder + " is a file; give a folder");
      found.addAll(names(folder));
    } catch (FileNotFoundException e) {
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }

  private List<String> names(Path below) throws IOException {
    List<String> found = new ArrayList<>();
    if (!files.exists(below)) return found;
    for (FileStatus child : files.listStatus(below)) found.add(child.getPath().getName());
    return found;
  }
}
