package dev.kindling.checkpoint.commit;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolderWriter;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of one run, in one folder.
 *
 * <pre>
 *   attempt-00001                  the first attempt has begun (an empty file)
 *   step-00001000                  a checkpoint of the first attempt
 *   attempt-00002                  a second attempt has taken over: the first may not commit any more
 *   step-00002000.attempt-00002    a checkpoint of the second
 * </pre>
 *
 * Attempts never share a folder, so a rank of an old attempt that wakes up can damage nothing, and no directory is ever
 * renamed (object stores cannot). The manifest, written last, is the commit.
 */
public final class CheckpointStore {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);
  private static final Pattern STEP = Pattern.compile("step-(\\d{8,18})(?:\\.attempt-(\\d{5,18}))?");
  private static final Pattern ATTEMPT = Pattern.compile("attempt-(\\d{5,18})");
  private static final Comparator<Checkpoint> NEWEST_FIRST = Comparator
      .comparingLong((Checkpoint c) -> c.manifest().epoch()).thenComparingLong(Checkpoint::step).reversed();

  private final Configuration conf;
  private final FileSystem fs;
  private final Path run;

  /** @param run the folder of the run's checkpoints; it need not exist yet */
  public CheckpointStore(Configuration conf, Path run) {
    this.conf = conf;
    this.fs = Storage.of(conf, run);
    this.run = run;
  }

  /** Whether a folder of that name is a checkpoint's, or what is left of one. */
  public static boolean isCheckpointName(String folder) {
    return STEP.matcher(folder).matches();
  }

  /**
   * Whether a folder is what is left of a checkpoint that was not committed, or whose deletion was interrupted: it has such a
   * name and no manifest. Its files may load and be those of half a write.
   */
  public static boolean isUncommitted(Configuration conf, Path folder) {
    FileSystem fs = Storage.of(conf, folder);
    return isCheckpointName(folder.getName()) && Storage.exists(fs, folder)
        && !Storage.exists(fs, new Path(folder, Manifest.FILE))
        && !Storage.exists(fs, new Path(folder, ModelFolderWriter.MARK));
  }

  /** Begins an attempt, in the driver, once: from now on older attempts cannot commit. @return its number, from 1 */
  public long claimEpoch() throws IOException {
    for (long epoch = newestEpoch() + 1;; epoch++) {
      Path attempt = new Path(run, String.format("attempt-%05d", epoch));
      try (FSDataOutputStream out = fs.create(attempt, false)) {
        return epoch;
      } catch (IOException e) {                  // which one differs: HDFS tells of who is still creating it
        if (!fs.exists(attempt)) throw e;
        LOG.info("attempt {} of {} was begun by someone else at the same time", epoch, run);
      }
    }
  }

  /** The number of the newest attempt that has begun or committed; 0 where there is none. */
  public long newestEpoch() throws IOException {
    long newest = 0;
    for (FileStatus s : list()) {
      Matcher attempt = ATTEMPT.matcher(s.getPath().getName()), step = STEP.matcher(s.getPath().getName());
      if (attempt.matches()) newest = Math.max(newest, Long.parseLong(attempt.group(1)));
      else if (step.matches()) newest = Math.max(newest, epoch(step));
    }
    return newest;
  }

  /** A writer of the newest attempt, for runs in one process. */
  public CheckpointWriter begin(long step) throws IOException {
    return begin(step, Math.max(1, newestEpoch()));
  }

  /**
   * A writer of one checkpoint; all ranks call it with the same numbers.
   *
   * @param step finished optimizer steps; @param epoch this attempt, as {@link #claimEpoch} gave it to the driver
   */
  public CheckpointWriter begin(long step, long epoch) throws IOException {
    refuseIfFenced(epoch, step);
    String name = String.format("step-%08d", step) + (epoch == 1 ? "" : String.format(".attempt-%05d", epoch));
    Path folder = new Path(run, name);
    if (fs.exists(new Path(folder, Manifest.FILE))) throw new IllegalStateException(folder + " is committed already");
    return new CheckpointWriter(this, fs, folder, step, epoch);
  }

  /** @throws FencedException where an attempt newer than this one has begun; @param step that it wants to write */
  public void refuseIfFenced(long epoch, long step) throws IOException {
    long newest = newestEpoch();
    if (newest > epoch) {
      throw new FencedException(
          "attempt " + epoch + " may not write step " + step + " of " + run + ": attempt " + newest
              + " has taken over; give every run a folder of its own");
    }
  }

  Checkpoint read(Path folder) {
    return Checkpoint.read(conf, folder);
  }

  /**
   * All that are committed, the newest attempt's newest step first; their files are not checked, and a damaged manifest
   * is none.
   */
  public List<Checkpoint> committed() throws IOException {
    return committed(false);
  }

  /** The newest of some: of the newest attempt the newest step. */
  public static Optional<Checkpoint> newest(List<Checkpoint> some) {
    return some.stream().min(NEWEST_FIRST);
  }

  /** Every folder that has a manifest, sorted by name; whether the manifest can be read is not checked. */
  public List<Path> folders() throws IOException {
    List<Path> all = new ArrayList<>();
    for (FileStatus s : list()) {
      boolean step = STEP.matcher(s.getPath().getName()).matches();
      if (step && fs.exists(new Path(s.getPath(), Manifest.FILE))) all.add(new Path(run, s.getPath().getName()));
    }
    all.sort(Comparator.comparing(Path::getName));
    return all;
  }

  /** The same, for who wants to go on from one: a damaged manifest is told of. */
  public List<Checkpoint> candidates() throws IOException {
    return committed(true);
  }

  private List<Checkpoint> committed(boolean warn) throws IOException {
    List<Checkpoint> all = new ArrayList<>();
    for (Path folder : folders()) {
      try {
        all.add(read(folder));
      } catch (UserError e) {
        if (warn) LOG.warn("Skipping a checkpoint: {}", e.getMessage());
      }
    }
    all.sort(NEWEST_FIRST);
    return all;
  }

  /**
   * The newest checkpoint whose every byte is as it was written; damaged ones are passed over, each with one warning.
   */
  public Optional<Checkpoint> newestWhole() throws IOException {
    return newestWhole(name -> true);
  }

  /** The same where only the manifest and some of the files are looked at. @param which by the name in the manifest */
  public Optional<Checkpoint> newestWhole(Predicate<String> which) throws IOException {
    for (Checkpoint c : candidates()) { if (isWhole(c, which)) return Optional.of(c); }
    return Optional.empty();
  }

  /** Whether some of a checkpoint's files are as they were written; what is not is told of. @param which by the name in the manifest */
  public static boolean isWhole(Checkpoint checkpoint, Predicate<String> which) {
    try {
      checkpoint.verify(which);
      return true;
    } catch (UserError e) {
      LOG.warn("Skipping the checkpoint of step {}: {}", checkpoint.step(), e.getMessage());
      return false;
    }
  }

  /**
   * Deletes checkpoints that need not stay, and what older or interrupted writes left; to be called after a commit by
   * the one who made it. Folders of newer attempts are not touched.
   */
  public void clean(Retention keep, Checkpoint justCommitted) throws IOException {
    List<Checkpoint> all = committed();
    Set<Path> best = best(all, keep.best());
    for (int i = 0; i < all.size(); i++) {
      Checkpoint c = all.get(i);
      boolean multiple = keep.everySteps() > 0 && c.step() % keep.everySteps() == 0;
      if (i >= keep.last() && !multiple && !best.contains(c.path()) && !c.path().equals(justCommitted.path()))
        delete(c.path());
    }
    for (FileStatus s : list()) {
      Matcher step = STEP.matcher(s.getPath().getName());
      if (!step.matches() || all.stream().anyMatch(c -> c.path().getName().equals(s.getPath().getName()))) continue;
      long epoch = epoch(step), mine = justCommitted.manifest().epoch();
      if (epoch < mine || epoch == mine && Long.parseLong(step.group(1)) < justCommitted.step()) delete(s.getPath());
    }
  }

  /** Where several have the same loss, the newest. */
  private static Set<Path> best(List<Checkpoint> newestFirst, int count) {
    return newestFirst.stream().filter(c -> c.manifest().details().path(Retention.VALIDATION_LOSS).isNumber())
        .sorted(Comparator.comparingDouble(c -> c.manifest().details().path(Retention.VALIDATION_LOSS).asDouble()))
        .limit(count).map(Checkpoint::path).collect(Collectors.toSet());
  }

  /** The manifest first: a deletion that is interrupted leaves no checkpoint. */
  private void delete(Path folder) throws IOException {
    fs.delete(new Path(folder, Manifest.FILE), false);
    fs.delete(folder, true);
  }

  private static long epoch(Matcher step) {
    return step.group(2) == null ? 1 : Long.parseLong(step.group(2));
  }

  private FileStatus[] list() throws IOException {
    try {
      return fs.listStatus(run);
    } catch (FileNotFoundException e) {
      return new FileStatus[0];
    }
  }
}
