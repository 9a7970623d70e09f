package dev.kindling.jobs.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.inspect.Inspection;
import dev.kindling.data.job.Count;
import dev.kindling.data.job.DatasetFiles;
import dev.kindling.data.job.UnfinishedFolder;
import dev.kindling.data.shard.DatasetInfo;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says what a folder or a file holds; damage that was found makes the exit code 2. */
@Command(name = "inspect", header = "Say what a model, a checkpoint, a weights file or a dataset is", footer = {"",
    "Examples:",
    "  kindling inspect out/demo/run --tensors", "  kindling inspect out/demo/export/model-f16.gguf --json",
    "  kindling inspect out/demo/data"})
final class InspectCommand implements Callable<Integer> {
  @Parameters(paramLabel = "PATH", description = "A folder of a model, a checkpoint, a run or a dataset; a .safetensors, ONNX or GGUF file.")
  private String named;

  @Option(names = "--tensors", description = "List every tensor.")
  private boolean listTensors;

  @Option(names = "--json", description = "Everything as JSON.")
  private boolean json;

  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() {
    Configuration conf = HadoopFiles.configuration();
    Path path = new Path(named);
    PrintWriter out = spec.commandLine().getOut();
    if (Storage.exists(Storage.of(conf, path), new Path(path, DatasetInfo.FILE))) {
      DatasetInfo info = DatasetInfo.read(conf, path);
      if (json) out.print(info.toJson());
      else dataset(info, out);
      out.flush();
      return whole(new DatasetFiles(conf, path, info), out);
    }
    Optional<UnfinishedFolder> unfinished = UnfinishedFolder.at(conf, path);
    if (unfinished.isPresent()) {
      unfinished(path, unfinished.get().stages(), out);
      return 0;
    }
    Inspection found = Inspection.of(conf, path);
    if (json) {
      out.print(new String(Json.bytes(found.toJson()), StandardCharsets.UTF_8));
    } else {
      found.lines().forEach(out::println);
      if (listTensors) found.tensorLines().forEach(out::println);
    }
    out.flush();
    return found.whole() ? CommandLine.ExitCode.OK : CommandLine.ExitCode.USAGE;
  }

  /** Only sizes are looked at: what is in the files is for verify to read. */
  private int whole(DatasetFiles files, PrintWriter out) {
    Damage.refuse(files.wrongSizes());
    if (!json)
      out.printf("files          %s, %,d bytes, there with the right sizes; kindling verify reads them all%n",
          Count.of(files.shards().size(), "shard"), files.bytes());
    return 0;
  }

  private void unfinished(Path path, List<String> stages, PrintWriter out) {
    if (json) {
      ObjectNode found = Json.object().put("kind", "unfinished dataset or tokenizer").put("path", path.toString());
      stages.forEach(found.putArray("stages")::add);
      out.print(new String(Json.bytes(found), StandardCharsets.UTF_8));
    } else {
      out.printf("unfinished     prep, or tokenizer train, has not ended here: it is at work, or was stopped%n");
      out.printf("whole stages   %s%n", stages.isEmpty() ? "none" : String.join(", ", stages));
      out.printf("next           the same command goes on with them%n");
    }
    out.flush();
  }

  private static void dataset(DatasetInfo info, PrintWriter out) {
    out.printf("dataset        rows of %d tokens and their targets, ids below %d%n", info.sequenceLength(),
        info.vocabularySize());
    part("training", info.training(), out);
    part("held out", info.heldOut(), out);
    out.printf("made from      %,d bytes in %s%s%n", info.inputs().bytes(), Count.of(info.inputs().files(), "file"),
        info.inputs().tables() == 0
            ? ""
            : ", " + Count.of(info.inputs().rows(), "row") + " of " + Count.ofTables(info.inputs().tables()));
    if (info.append() != null)
      out.printf("version        %d, which added %,d bytes in %s%n", info.datasetVersion(), info.append().bytes(),
          Count.of(info.append().files(), "file"));
    out.printf("fingerprint    %s%n", info.fingerprint());
    info.configuration().forEach((key, value) -> out.printf("  %-18s %s%n", key, value));
  }

  private static void part(String name, DatasetInfo.Part part, PrintWriter out) {
    out.printf("%-14s %,d documents, %,d tokens, %,d rows in %s%n", name, part.documents(), part.tokens(), part.rows(),
        Count.of(part.shards().size(), "shard"));
  }
}
