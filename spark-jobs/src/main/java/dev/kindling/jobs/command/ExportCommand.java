package dev.kindling.jobs.command;

import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.ModelFolderWriter;
import dev.kindling.checkpoint.gguf.GgufExport;
import dev.kindling.checkpoint.gguf.GgufType;
import dev.kindling.jobs.model.ModelPath;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Models for other programs. */
@Command(name = "export", header = "Write a model for other programs", footer = {"", "Examples:",
    "  kindling export hf --model out/demo/run --out export/hf",
    "  kindling export hf --model runs/books --out export/half --type BF16",
    "  kindling export gguf --model out/demo/run --out export/demo-q8_0.gguf --type Q8_0"})
final class ExportCommand implements Runnable {
  static final String AVERAGE = "Take the average of the weights that the run keeps (average.decay), not the weights.";

  @Spec
  private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  @Command(name = "hf", header = "A folder that Hugging Face's tools load: config.json, model.safetensors, tokenizer.json")
  int hf(
      @Option(names = "--model", required = true, paramLabel = "DIR", description = "A model's folder, or a run's.") String model,
      @Option(names = "--out", required = true, paramLabel = "DIR", description = "A new or an empty folder, or an older export's.") String out,
      @Option(names = "--type", defaultValue = "F32", paramLabel = "TYPE", description = "F32, F16 or BF16 (default ${DEFAULT-VALUE}).") String type,
      @Option(names = "--average", description = AVERAGE) boolean average)
      throws IOException {
    ElementType element = switch (type.toUpperCase(Locale.ROOT)) {
      case "F32" -> ElementType.F32;
      case "F16" -> ElementType.F16;
      case "BF16" -> ElementType.BF16;
      default -> throw new UserError("--type is " + type + "; it must be F32, F16 or BF16");
    };
    Configuration conf = HadoopFiles.configuration();
    try (ModelFolder folder = ModelPath.open(conf, model, average)) {
      ModelFolderWriter.export(conf, new Path(out), folder, element);
    }
    told().printf("%s: %s; weights in %s%n", out, String.join(", ", files(conf, new Path(out))), element);
    return 0;
  }

  @Command(name = "gguf", header = "One file that llama.cpp loads, the tokenizer inside")
  int gguf(
      @Option(names = "--model", required = true, paramLabel = "DIR", description = "A model's folder, or a run's.") String model,
      @Option(names = "--out", required = true, paramLabel = "FILE", description = "The file; an older GGUF file is replaced.") String out,
      @Option(names = "--type", defaultValue = "F16", paramLabel = "TYPE", description = "F32, F16 or Q8_0 (default ${DEFAULT-VALUE}).") String type,
      @Option(names = "--average", description = AVERAGE) boolean average)
      throws IOException {
    GgufType stored = switch (type.toUpperCase(Locale.ROOT)) {
      case "F32" -> GgufType.F32;
      case "F16" -> GgufType.F16;
      case "Q8_0" -> GgufType.Q8_0;
      default -> throw new UserError("--type is " + type + "; it must be F32, F16 or Q8_0");
    };
    Configuration conf = HadoopFiles.configuration();
    try (ModelFolder folder = ModelPath.open(conf, model, average)) {
      GgufExport.write(conf, folder, new Path(out), stored);
    }
    told().printf("%s: %s%n", out, stored);
    return 0;
  }

  private static List<String> files(Configuration conf, Path folder) throws IOException {
    List<String> names = new ArrayList<>();
    for (FileStatus file : Storage.of(conf, folder).listStatus(folder)) names.add(file.getPath().getName());
    Collections.sort(names);
    return names;
  }

  private PrintWriter told() {
    return spec.commandLine().getOut();
  }
}
