package dev.kindling.jobs.command;

import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightsHash;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.Manifest;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.jobs.model.ModelPath;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what a folder holds. */
@Command(name = "inspect", header = "Say what a model, a checkpoint or a dataset is", footer = {"", "Examples:",
    "  kindling inspect out/demo/run --tensors", "  kindling inspect out/demo/data"})
final class InspectCommand implements Callable<Integer> {
  @Parameters(paramLabel = "DIR", description = "A model's, a run's or a dataset's folder.")
  private String named;

  @Option(names = "--tensors", description = "List every tensor.")
  private boolean listTensors;

  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() {
    Configuration conf = HadoopFiles.configuration();
    Path path = new Path(named);
    FileSystem files = Storage.of(conf, path);
    PrintWriter out = spec.commandLine().getOut();
    if (!Storage.exists(files, path))
      throw new UserError(named + " does not exist; give the folder of a model or a dataset");
    if (Storage.exists(files, new Path(path, DatasetInfo.FILE))) {
      dataset(DatasetInfo.read(conf, path), out);
    } else {
      Path folder = ModelPath.resolve(conf, named);
      if (Storage.exists(files, new Path(folder, Manifest.FILE))) checkpoint(Checkpoint.read(conf, folder), out);
      model(conf, folder, out);
    }
    return 0;
  }

  private static void dataset(DatasetInfo info, PrintWriter out) {
    out.printf("dataset        rows of %d tokens and their targets, ids below %d%n", info.sequenceLength(),
        info.vocabularySize());
    part("training", info.training(), out);
    part("held out", info.heldOut(), out);
    out.printf("made from      %,d bytes in %,d files%n", info.inputs().bytes(), info.inputs().files());
    out.printf("fingerprint    %s%n", info.fingerprint());
    info.configuration().forEach((key, value) -> out.printf("  %-18s %s%n", key, value));
  }

  private static void part(String name, DatasetInfo.Part part, PrintWriter out) {
    out.printf("%-14s %,d documents, %,d tokens, %,d rows in %d shards%n", name, part.documents(), part.tokens(),
        part.rows(),
        part.shards().size());
  }

  private static void checkpoint(Checkpoint checkpoint, PrintWriter out) {
    Manifest manifest = checkpoint.manifest();
    out.printf("checkpoint     step %,d, attempt %d, %d files, %,d bytes%n", checkpoint.step(), manifest.epoch(),
        manifest.files().size(), manifest.bytes());
  }

  private void model(Configuration conf, Path folder, PrintWriter out) {
    try (ModelFolder model = ModelFolder.open(conf, folder)) {
      ModelConfig config = model.config();
      out.printf("model          %s, %,d parameters in %d tensors%n", config.family(), config.parameters(),
          config.tensors().size());
      out.printf("vocabulary     %,d%n", config.vocabularySize());
      out.printf("context        %,d tokens%n", config.contextLength());
      out.printf("head           %s%n", config.tiedHead() ? "the token embedding" : "of its own");
      out.printf("tokenizer      %s%n", model.tokenizerFile().isPresent() ? ModelFolder.TOKENIZER : "none");
      out.printf("weightsSha256  %s%n", WeightsHash.sha256(model.weights()));
      if (!listTensors) return;
      for (TensorSpec tensor : model.weights().tensors()) {
        out.printf("  %-44s %-5s %s%n", tensor.name(), tensor.type(), Arrays.toString(tensor.shape()));
      }
    }
  }
}
