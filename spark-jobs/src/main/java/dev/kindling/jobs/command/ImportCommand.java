package dev.kindling.jobs.command;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.SentencePooling;
import dev.kindling.checkpoint.onnx.OnnxImport;
import dev.kindling.jobs.model.TokenizerPath;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Models from other programs. */
@Command(name = "import", header = "Make a model folder of an ONNX file", description = {"",
    "Reads BERT encoders as PyTorch exports them (float32, not fused, not quantised) and writes Hugging Face's layout: "
        + "config.json, model.safetensors, tokenizer.json, and the pooling where sentence-transformers keeps it.",
    ""}, footer = {"", "Examples:",
        "  kindling import all-minilm-l6-v2.onnx --tokenizer all-minilm-l6-v2-tokenizer.json --out models/minilm",
        "  kindling import bge.onnx --pooling cls --heads 12 --out models/bge"})
final class ImportCommand implements Callable<Integer> {
  @Parameters(paramLabel = "MODEL.onnx", description = "The model's file, on any Hadoop file system.")
  private String model;

  @Option(names = "--tokenizer", paramLabel = "PATH", description = "Its tokenizer.json, or a folder with one (default: the one beside it).")
  private String tokenizer;

  @Option(names = "--out", required = true, paramLabel = "DIR", description = "A new or an empty folder, or an older import's.")
  private String out;

  @Option(names = "--heads", paramLabel = "N", description = "Heads of its attention, where the graph does not tell.")
  private Integer heads;

  @Option(names = "--pooling", defaultValue = "mean", paramLabel = "KIND", description = "What a text's embedding is: mean (of its tokens) or cls (default ${DEFAULT-VALUE}).")
  private String pooling;

  @Option(names = "--normalize", negatable = true, defaultValue = "true", fallbackValue = "true", description = "Whether embeddings have length 1 (default: yes).")
  private boolean normalize;

  @Option(names = "--max-tokens", paramLabel = "N", description = "Where longer texts are cut (default: the model's own limit).")
  private Integer maxTokens;

  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    require(heads == null || heads > 0, "--heads", heads, "1 or more");
    require(maxTokens == null || maxTokens > 0, "--max-tokens", maxTokens, "1 or more");
    SentencePooling.Kind kind = switch (pooling) {
      case "mean" -> SentencePooling.Kind.MEAN;
      case "cls" -> SentencePooling.Kind.FIRST;
      default -> throw new dev.kindling.checkpoint.UserError("--pooling is " + pooling + "; it must be mean or cls");
    };
    Configuration conf = HadoopFiles.configuration();
    Path file = new Path(model), words = tokenizer(conf, file);
    OnnxImport.Found made = new OnnxImport(file, words, heads == null ? 0 : heads,
        new SentencePooling(kind, normalize, maxTokens == null ? 0 : maxTokens))
        .write(conf, new Path(out));
    BertConfig found = made.config();
    PrintWriter told = spec.commandLine().getOut();
    told.printf(
        "%s: BERT, %d layers of width %d, %d heads, %,d tokens in the vocabulary, %d positions, %,d parameters%n",
        out, found.layers(), found.width(), found.heads(), found.vocabularySize(), found.positions(),
        found.parameters());
    told.printf("embeddings: %s%s%n", kind == SentencePooling.Kind.MEAN ? "mean of the tokens" : "first token",
        normalize ? ", length 1" : "");
    told.println(words == null ? "no tokenizer: give one with --tokenizer" : "tokenizer: " + words);
    if (words != null && made.tokens() * 2 < found.vocabularySize())
      spec.commandLine().getErr().printf(Locale.ROOT,
          "kindling: warning: %s has %,d ids, and the model's embedding %,d "
              + "rows: see that it is the one that the model was trained with%n",
          words, made.tokens(), found.vocabularySize());
    return 0;
  }

  private Path tokenizer(Configuration conf, Path file) {
    if (tokenizer != null) return TokenizerPath.resolve(conf, tokenizer);
    Path beside = new Path(file.getParent() == null ? new Path(".") : file.getParent(), ModelFolder.TOKENIZER);
    return Storage.exists(Storage.of(conf, beside), beside) ? beside : null;
  }
}
