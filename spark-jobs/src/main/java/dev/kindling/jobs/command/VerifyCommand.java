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
import java.util.concurrent.Callable;
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
    PrintWriter out = spec.commandLine().getOut();
    List<String> damage = new ArrayList<>();
    for (Path folder : folders) {
      try {
        Checkpoint checkpoint = Checkpoint.open(conf, folder);
        out.printf("%s: step %,d is whole: %d files, %,d bytes%s%n", checkpoint.path(), checkpoint.step(),
            checkpoint.manifest().files().size(), checkpoint.manifest().bytes(), hashes(checkpoint));
      } catch (UserError e) {
        damage.add(e.getMessage());
      }
    }
    Damage.refuse(damage);
    return 0;
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
  private static String hashes(Checkpoint checkpoint) {
    String weights = checkpoint.manifest().weightsSha256();
    try (OptimizerStates states = checkpoint.optimizer()) {
      return (weights.isEmpty() ? "" : ", weights " + weights)
          + (states.names().isEmpty() ? "" : ", optimizer " + states.sha256());
    }
  }
}
