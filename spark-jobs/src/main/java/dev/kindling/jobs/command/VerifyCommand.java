package dev.kindling.jobs.command;

import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.checkpoint.commit.Manifest;
import dev.kindling.checkpoint.commit.OptimizerStates;
import dev.kindling.data.job.DatasetFiles;
import dev.kindling.data.job.UnfinishedFolder;
import dev.kindling.data.shard.DatasetInfo;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Holds checkpoints and datasets to the sizes and hashes of their manifests. */
@Command(name = "verify", header = "Check every byte of a checkpoint, of all checkpoints of a run, or of a dataset's shards", footer = {
    "", "Examples:", "  kindling verify runs/books", "  kindling verify data/books"})
final class VerifyCommand implements Callable<Integer> {
  private static final int HASH_DIGITS = 64, FEW_DIGITS = 12;   // of one checkpoint; in a list
  private static final int MOST_NAMED = 20;

  @Parameters(paramLabel = "DIR", description = "A checkpoint's, a run's or a dataset's folder.")
  private String named;

  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    Configuration conf = HadoopFiles.configuration();
    Path path = new Path(named);
    FileSystem files = Storage.of(conf, path);
    if (!Storage.exists(files, path))
      throw new UserError(named + " does not exist; give the folder of a checkpoint, a run or a dataset");
    if (Storage.isFile(files, path))
      throw new UserError(named + " is a file; give the folder of a checkpoint, a run or a dataset");
    if (Storage.exists(files, new Path(path, DatasetInfo.FILE))) return dataset(conf, path);
    if (UnfinishedFolder.at(conf, path).isPresent())
      throw new UserError(
          named + " is what prep has not finished; run the same command again, which goes on with the stages"
              + " that are whole, and verify the dataset then");
    boolean one = Storage.exists(files, new Path(path, Manifest.FILE)) || CheckpointStore.isUncommitted(conf, path);
    if (!one && Storage.exists(files, new Path(path, ModelConfig.FILE))) {
      throw new UserError(named + " is a model without a " + Manifest.FILE + "; only checkpoints can be verified");
    }
    List<Path> folders = one ? List.of(path) : new CheckpointStore(conf, path).folders();
    if (folders.isEmpty())
      throw new UserError(named + " holds no checkpoint; give the folder of a checkpoint, a run or a dataset");
    if (one) {
      Checkpoint checkpoint = Checkpoint.open(conf, path);
      spec.commandLine().getOut().printf("%s: %s%n", path, whole(checkpoint, HASH_DIGITS));
    } else {
      run(conf, path, folders);
    }
    return 0;
  }

  /** A line a checkpoint, and one that sums up; an error where one is damaged. */
  private void run(Configuration conf, Path run, List<Path> folders) {
    PrintWriter out = spec.commandLine().getOut();
    List<Checkpoint> whole = new ArrayList<>();
    List<String> damaged = new ArrayList<>();
    int width = folders.stream().mapToInt(folder -> folder.getName().length()).max().orElse(0);
    for (Path folder : folders) {
      String found;
      try {
        Checkpoint checkpoint = Checkpoint.open(conf, folder);
        found = whole(checkpoint, FEW_DIGITS);
        whole.add(checkpoint);
      } catch (UserError e) {
        damaged.add(folder.getName());
        found = "DAMAGED: " + e.getMessage().replace(folder + "/", "");
      }
      out.printf("%-" + width + "s  %s%n", folder.getName(), found);
      out.flush();
    }
    if (!damaged.isEmpty()) throw new UserError(sum(run, damaged, folders.size(), CheckpointStore.newest(whole)));
    out.printf(Locale.ROOT, "%s in %s, %,d bytes: whole%n",
        folders.size() == 1 ? "1 checkpoint" : folders.size() + " checkpoints", run,
        whole.stream().mapToLong(checkpoint -> checkpoint.manifest().bytes()).sum());
  }

  private static String sum(Path run, List<String> damaged, int all, Optional<Checkpoint> newest) {
    int more = damaged.size() - MOST_NAMED;
    return damaged.size() + " of " + (all == 1 ? "1 checkpoint" : all + " checkpoints") + " in " + run
        + (damaged.size() == 1 ? " is damaged: " : " are damaged: ")
        + damaged.stream().limit(MOST_NAMED).collect(Collectors.joining(", "))
        + (more > 0 ? " and " + more + " more" : "")
        + newest.map(one -> "; the newest whole one is " + one.path().getName()).orElse("; none is whole");
  }

  private static String whole(Checkpoint checkpoint, int digits) {
    return String.format(Locale.ROOT, "step %,d is whole: %d files, %,d bytes%s", checkpoint.step(),
        checkpoint.manifest().files().size(), checkpoint.manifest().bytes(), hashes(checkpoint, digits));
  }

  private int dataset(Configuration conf, Path path) {
    DatasetInfo info = DatasetInfo.read(conf, path);
    DatasetFiles all = new DatasetFiles(conf, path, info);
    Damage.refuse(all.damage());
    spec.commandLine().getOut().printf("%s: version %d is whole: %,d shards, %,d bytes, and their tokenizer%n", path,
        info.datasetVersion(), all.shards().size(), all.bytes());
    return 0;
  }

  /** What is equal in runs that are. */
  private static String hashes(Checkpoint checkpoint, int digits) {
    String weights = checkpoint.manifest().weightsSha256();
    try (OptimizerStates states = checkpoint.optimizer()) {
      return (weights.isEmpty() ? "" : ", weights " + weights.substring(0, digits))
          + (states.names().isEmpty() ? "" : ", optimizer " + states.sha256().substring(0, digits));
    }
  }
}
