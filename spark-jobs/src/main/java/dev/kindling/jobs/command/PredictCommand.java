package dev.kindling.jobs.command;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.corpus.CorpusFormat;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.jobs.model.ModelPath;
import dev.kindling.jobs.predict.EmbeddingJob;
import dev.kindling.jobs.predict.TextEmbedder;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Batch inference. */
@Command(name = "predict", header = "Embed the texts of a file", description = {"",
    "Writes id, text, tokens and embedding of every text, in the file's order, as JSON lines or Parquet. Texts longer than "
        + "the model's limit are cut, and counted.",
    ""}, footer = {"", "Examples:",
        "  kindling predict --model models/minilm --in sentences.txt --out sentences.parquet",
        "  kindling predict --model models/minilm --in faq.jsonl --text-field question --out faq.embeddings.jsonl"})
final class PredictCommand implements Callable<Integer> {
  @Option(names = "--model", required = true, paramLabel = "DIR", description = "The folder of an encoder, such as import makes.")
  private String model;

  @Option(names = "--in", required = true, paramLabel = "FILE", description = "JSON lines where its name has .json, else one text a line; .gz and .bz2 too.")
  private String in;

  @Option(names = "--out", required = true, paramLabel = "FILE", description = "A .jsonl or .parquet file; an older one is replaced.")
  private String out;

  @Option(names = "--text-field", defaultValue = "text", paramLabel = "NAME", description = "The text of a JSON line (default ${DEFAULT-VALUE}).")
  private String textField;

  @Option(names = "--id-field", defaultValue = "id", paramLabel = "NAME", description = "Its id (default ${DEFAULT-VALUE}).")
  private String idField;

  @Option(names = "--precision", defaultValue = "float32", paramLabel = "TYPE", description = "float32 or bf16 (default ${DEFAULT-VALUE}).")
  private String precision;

  @Option(names = "--threads", paramLabel = "N", description = "Threads (default: one a core).")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    require(threads >= 1, "--threads", threads, "1 or more");
    Precision computed = switch (precision.toLowerCase(Locale.ROOT)) {
      case "float32" -> Precision.FLOAT32;
      case "bf16", "bfloat16" -> Precision.BFLOAT16;
      default -> throw new UserError("--precision is " + precision + "; it must be float32 or bf16");
    };
    Configuration conf = HadoopFiles.configuration();
    CorpusFormat format = new Path(in).getName().contains(".json") ? CorpusFormat.JSONL : CorpusFormat.LINES;
    CorpusSource texts = new CorpusSource(List.of(in), format, textField, idField);
    try (TextEmbedder embedder = TextEmbedder.open(conf, ModelPath.resolve(conf, model), computed, threads)) {
      EmbeddingJob.run(conf, embedder, texts, new Path(out), spec.commandLine().getOut());
    } catch (UserError e) {                                       // which calls fields as the settings of prep do
      throw new UserError(e.getMessage().replace(" with textField", " with --text-field"), e);
    }
    return 0;
  }
}
