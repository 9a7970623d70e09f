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
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.util.ShutdownHookManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder that a job fills and commits by writing its manifest last. Everything is made in a folder of the job's own below
 * {@code _unfinished} and moved into place when it is whole; a folder with {@code _unfinished} and without a manifest is what an
 * interrupted run left, and is begun anew, but for stages of the job that are whole and have the same fingerprint. Where that run
 * is still alive, it ends at its next look at the folder, as what it wrote in is no longer there.
 */
final class OutputFolder {
  static final String UNFINISHED = "_unfinished";
  static final String STAGE = ".finished";
  private static final String SIGNATURES = "-signatures";
  private static final String BEGUN = "begun";

  private static final Logger LOG = LoggerFactory.getLogger(OutputFolder.class);

  private final FileSystem files;
  private final Path folder;
  private final String manifest;
  private final Set<String> names;
  private final String own = UUID.randomUUID().toString().substring(0, 8);
  private boolean made;
  private boolean begun;

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
    return new Path(new Path(folder, UNFINISHED), own);
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
      if (!files.mkdirs(unfinished()))
        throw new UserError("output " + folder + " cannot be made; check its path and permissions");
      write(BEGUN, "");
      begun = true;
      for (FileStatus other : files.listStatus(new Path(folder, UNFINISHED)))
        if (!other.getPath().getName().equals(own)) takeOver(other, stages, besides);
      if (finishedManifest() != null || isTakenOver()) {         // the other was alive, and faster
        clear(unfinished());
        throw takenOver(null);
      }
      for (String name : list()) if (!name.equals(UNFINISHED)) files.delete(new Path(folder, name), true);
    } catch (IOException | UncheckedIOException e) {
      throw new UserError("output " + folder + " cannot be written: " + e.getMessage(), e);
    }
  }

  /**
   * Without the two files that are deleted first the other job can commit nothing. What says that a stage is whole goes before its rows
   * do and comes behind them: where a rename copies file by file, a kill leaves a part of them in either place.
   */
  private void takeOver(FileStatus run, Map<String, String> stages, Set<String> besides) throws IOException {
    Path other = run.getPath();
    if (!run.isDirectory()) {
      files.delete(other, false);
      return;
    }
    files.delete(new Path(other, BEGUN), false);
    files.delete(new Path(other, manifest), false);
    List<String> left = names(other);
    for (Map.Entry<String, String> stage : stages.entrySet()) {
      String name = stage.getKey();
      boolean leavesMore = besides.contains(beside(name));
      if (!left.contains(name) || leavesMore && !left.contains(beside(name))) continue;
      if (!stage.getValue().equals(read(new Path(other, name + STAGE)))) continue;
      files.delete(new Path(other, name + STAGE), false);
      if ((!leavesMore || take(other, beside(name))) && take(other, name)) write(name + STAGE, stage.getValue());
    }
    files.delete(other, true);
  }

  private boolean take(Path other, String name) throws IOException {
    return files.rename(new Path(other, name), new Path(unfinished(), name));
  }

  /** Of a version that was never published, and is made anew: another manifest takes its place. */
  void forgetManifest() {
    try {
      files.delete(new Path(folder, manifest), false);
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
    return stage + SIGNATURES;
  }

  /** @return whether an earlier run or this one finished the stage from the same inputs and settings */
  boolean isStageFinished(String name, String fingerprint) {
    return fingerprint.equals(read(new Path(unfinished(), name + STAGE)));
  }

  /** @throws UserError where another job has taken the folder over */
  void finishStage(String name, String fingerprint) {
    refuseTakenOver();
    write(name + STAGE, fingerprint);
  }

  void write(String name, String content) {
    try (OutputStream out = files.create(new Path(unfinished(), name))) {
      out.write(content.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Moves everything into place, the manifest last. @throws UserError where another job has taken the folder over */
  void commit(String manifestContent) {
    refuseTakenOver();
    if (finishedManifest() != null) throw takenOver(null);
    write(manifest, manifestContent);
    try {
      for (String name : names) {
        if (name.endsWith(SIGNATURES))                            // a kill may leave some of them: then their stage is not whole
          files.delete(new Path(unfinished(), name.substring(0, name.length() - SIGNATURES.length()) + STAGE), false);
        move(name);
      }
      refuseTakenOver();
      if (!move(manifest)) throw takenOver(null);                 // its manifest went right now
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    begun = false;
    clearUnfinished();
  }

  /** Of a folder that is committed; a run that was killed right then left it. */
  void clearUnfinished() {
    try {
      Path all = new Path(folder, UNFINISHED);
      if (files.exists(all)) files.delete(all, true);
    } catch (IOException e) {
      LOG.warn("could not clear {} in {}: {}", UNFINISHED, folder, e.getMessage());     // the dataset is whole with or without it
    }
  }

  /**
   * After a failure.
   *
   * @return what to tell: where another job has taken the folder over, that is why
   */
  RuntimeException told(RuntimeException failure) {
    if (!isTakenOver()) return failure;
    clear(unfinished());
    return takenOver(failure);
  }

  /** After a user's mistake: nothing half written stays. What was told to end leaves its stages to the next run. */
  void abandon() {
    if (ShutdownHookManager.get().isShutdownInProgress() || isTakenOver()) return;
    try {
      files.delete(unfinished(), true);
      if (finishedManifest() != null || !names(new Path(folder, UNFINISHED)).isEmpty()) return;
      for (String name : list()) files.delete(new Path(folder, name), true);
      if (made) files.delete(folder, true);
    } catch (IOException | UncheckedIOException e) {
      // The failure itself is what the user must hear of; the next run clears up.
      LOG.warn("could not clear {}: {}", folder, e.getMessage());
    }
  }

  private void clear(Path path) {
    try {
      files.delete(path, true);
      if (names(path.getParent()).isEmpty()) files.delete(path.getParent(), false);
    } catch (IOException e) {
      LOG.warn("could not clear {}: {}", path, e.getMessage());
    }
  }

  private void refuseTakenOver() {
    if (isTakenOver()) throw takenOver(null);
  }

  private boolean isTakenOver() {
    try {
      return begun && !files.exists(new Path(unfinished(), BEGUN));
    } catch (IOException e) {
      return false;                                             // who asks has a failure of its own to tell
    }
  }

  private UserError takenOver(RuntimeException cause) {
    return new UserError("another run has written to the output " + folder
        + " meanwhile, so this one ends; what the other makes stays. Run this one again when the other has ended, or give it"
        + " another folder", cause);
  }

  /** @return whether it was there */
  private boolean move(String name) throws IOException {
    Path from = new Path(unfinished(), name);
    Path to = new Path(folder, name);
    if (!files.exists(from)) return false;
    files.delete(to, true);                                     // of a run that was taken over while it moved
    if (!files.rename(from, to)) throw new IOException("could not move " + from + " to " + folder);
    return true;
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
