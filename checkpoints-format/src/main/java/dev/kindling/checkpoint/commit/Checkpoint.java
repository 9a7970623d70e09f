package dev.kindling.checkpoint.commit;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.FileEntry;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A committed checkpoint: a model folder that Hugging Face's tools read, the optimizer's states and the trainer's
 * state.
 */
public final class Checkpoint {
  public static final String STATE = "trainer_state.json";
  private static final String OPTIMIZER = "optimizer/";

  private final Configuration conf;
  private final FileSystem fs;
  private final Path path;
  private final Manifest manifest;

  private Checkpoint(Configuration conf, FileSystem fs, Path path, Manifest manifest) {
    this.conf = conf;
    this.fs = fs;
    this.path = path;
    this.manifest = manifest;
  }

  /** Opens a checkpoint and checks all of it. @throws UserError when it is none, or a file is missing or was changed */
  public static Checkpoint open(Configuration conf, Path path) {
    Checkpoint checkpoint = read(conf, path);
    checkpoint.verify();
    return checkpoint;
  }

  /** Opens a checkpoint by its manifest alone. */
  public static Checkpoint read(Configuration conf, Path path) {
    FileSystem fs = Storage.of(conf, path);
    Path file = new Path(path, Manifest.FILE);
    return new Checkpoint(conf, fs, path, Manifest.parse(manifest(conf, fs, file), file.toString()));
  }

  private static byte[] manifest(Configuration conf, FileSystem fs, Path file) {
    try {
      return Storage.readSmall(fs, file, 1 << 26);
    } catch (UserError e) {
      if (!isUncommitted(conf, file.getParent(), e)) throw e;
      throw new UserError(file.getParent() + " is no whole checkpoint: " + Manifest.FILE
          + ", which is written last and deleted first, is not there", e);
    }
  }

  /** @param told what is wrong already, which a folder that cannot be looked at does not hide */
  private static boolean isUncommitted(Configuration conf, Path folder, UserError told) {
    try {
      return CheckpointStore.isUncommitted(conf, folder);
    } catch (UserError | UncheckedIOException e) {
      told.addSuppressed(e);
      return false;
    }
  }

  /** Holds every file to the size and the SHA-256 of the manifest; sizes first, as they are cheap. */
  public void verify() {
    verify(name -> true);
  }

  /** The same of some of the files, for who reads no others. @param which by the name in the manifest */
  public void verify(Predicate<String> which) {
    List<FileEntry> files = manifest.files().stream().filter(f -> which.test(f.name())).toList();
    for (FileEntry f : files) {
      long size = Storage.file(fs, new Path(path, f.name())).getLen();
      if (size != f.size()) {
        throw new UserError(
            path + "/" + f.name() + " is damaged: it has " + size + " bytes; its manifest says " + f.size());
      }
    }
    files.forEach(this::verifyHash);
  }

  /**
   * One of so many shares of the files, for who verifies them with others: about as many bytes as each other's, all of them together.
   *
   * @param share from 0
   */
  public Predicate<String> share(int share, int shares) {
    List<FileEntry> largestFirst = new ArrayList<>(manifest.files());
    largestFirst.sort(Comparator.comparingLong(FileEntry::size).reversed().thenComparing(FileEntry::name));
    long[] taken = new long[shares];
    Set<String> mine = new HashSet<>();
    for (FileEntry f : largestFirst) {
      int least = 0;
      for (int i = 1; i < shares; i++) if (taken[i] < taken[least]) least = i;
      taken[least] += f.size();
      if (least == share) mine.add(f.name());
    }
    return mine::contains;
  }

  /** Whether {@link #model()} may be read from a file of that name: from all but the optimizer's states. */
  public static boolean isOfModel(String name) {
    return !name.startsWith(OPTIMIZER);
  }

  private void verifyHash(FileEntry entry) {
    Path file = new Path(path, entry.name());
    if (!sha256(file).equals(entry.sha256()))
      throw new UserError(file + " is damaged: its SHA-256 is not the manifest's");
  }

  private String sha256(Path file) {
    byte[] piece = new byte[1 << 18];
    try (FSDataInputStream in = fs.open(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (int n = in.read(piece); n >= 0; n = in.read(piece)) digest.update(piece, 0, n);
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw Storage.failed(file, e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  public Path path() {
    return path;
  }

  /** Finished optimizer steps. */
  public long step() {
    return manifest.step();
  }

  public Manifest manifest() {
    return manifest;
  }

  /** Configuration, weights and tokenizer; to be closed. */
  public ModelFolder model() {
    return ModelFolder.open(conf, path);
  }

  /**
   * The same with a state of each weight in the weight's place, such as the average of what it was; to be closed.
   *
   * @param state its name in the optimizer shards; @throws UserError where it is not kept
   */
  public ModelFolder model(String state) {
    OptimizerStates states = optimizer();
    ModelFolder model = null;
    try {
      model = model();
      return model.withWeights(states.weights(state, model.config().tensors()), states::close);
    } catch (UserError e) {
      states.close();
      if (model != null) model.close();
      throw e;
    }
  }

  /** The optimizer's states for any sharding; to be closed. */
  public OptimizerStates optimizer() {
    List<String> files = manifest.files().stream().map(FileEntry::name).filter(n -> !isOfModel(n)).toList();
    return OptimizerStates.open(conf, path, files);
  }

  /** What the trainer stored of itself. @throws UserError when it is missing or was changed */
  public ObjectNode state() {
    manifest.files().stream().filter(f -> f.name().equals(STATE)).forEach(this::verifyHash);
    Path file = new Path(path, STATE);
    return Json.parse(Storage.readSmall(fs, file, 1 << 28), file.toString());
  }

  @Override
  public String toString() {
    return path + " (step " + step() + ", attempt " + manifest.epoch() + ")";
  }
}
