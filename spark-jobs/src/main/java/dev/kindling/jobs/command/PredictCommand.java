package dev.kindling.jobs.command;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.corpus.CorpusFormat;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.corpus.Example;
import dev.kindling.data.corpus.LabelFields;
import dev.kindling.data.label.LabelKind;
import dev.kindling.jobs.model.ModelPath;
import dev.kindling.jobs.predict.AnswerKind;
import dev.kindling.jobs.predict.PredictionJob;
import dev.kindling.jobs.predict.TextPredictor;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Batch inference. */
@Command(name = "predict", header = "Label or embed the texts of a file", description = {"",
    "Writes of every text, in the file's order, id, text, tokens and what an encoder says of it, as JSON lines or Parquet. "
        + "Texts longer than the model's limit are cut, and counted.",
    "",
    "A classifier (..ForSequenceClassification) gives the label, its score and the scores of all labels; where any label "
        + "may apply the labels above 0.5; a number as score. ..ForTokenClassification gives labels: each token with start and "
        + "end in the text's characters, label and score. Other encoders give embedding.",
    ""}, footer = {"", "Examples:",
        "  kindling predict --model runs/pairs --in pairs.jsonl --text-field premise --pair-field hypothesis --out said.parquet",
        "  kindling predict --model models/minilm --in sentences.txt --out sentences.parquet",
        "  kindling predict --model models/minilm --in faq.jsonl --text-field question --out faq.embeddings.jsonl"})
final class PredictCommand implements Callable<Integer> {
  private static final CorpusSource.FieldSettings OPTIONS = new CorpusSource.FieldSettings("--text-field",
      "--id-field", "--pair-field");

  @Option(names = "--model", required = true, paramLabel = "DIR", description = "The folder of an encoder, such as import makes, or a run's.")
  private String model;

  @Option(names = "--in", required = true, paramLabel = "FILE", description = "JSON lines where its name has .json, else one text a line; .gz and .bz2 too.")
  private String in;

  @Option(names = "--out", required = true, paramLabel = "FILE", description = "A .jsonl or .parquet file; an older one is replaced.")
  private String out;

  @Option(names = "--text-field", defaultValue = "text", paramLabel = "NAME", description = "The text of a JSON line (default ${DEFAULT-VALUE}).")
  private String textField;

  @Option(names = "--id-field", defaultValue = "id", paramLabel = "NAME", description = "Its id (default ${DEFAULT-VALUE}).")
  private String idField;

  @Option(names = "--pair-field", paramLabel = "NAME", description = "A second text of a JSON line, for models of pairs.")
  private String pairField;

  @Option(names = "--answer", paramLabel = "KIND", description = "labels or embeddings (default: labels where the model has a head for them).")
  private String answer;

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
    Optional<AnswerKind> asked = Optional.ofNullable(answer).map(PredictCommand::kind);
    Configuration conf = HadoopFiles.configuration();
    CorpusSource source = source();
    try (TextPredictor predictor = TextPredictor.open(ModelPath.open(conf, model, false), asked, computed, threads)) {
      if (pairField != null && predictor.labelsTokens())
        throw new UserError("--pair-field is " + pairField + "; it must be left out: " + model
            + " labels the tokens of single texts");
      PredictionJob.run(conf, predictor, source, new Path(out), spec.commandLine().getOut());
    }
    return 0;
  }

  private static AnswerKind kind(String named) {
    return switch (named.toLowerCase(Locale.ROOT)) {
      case "labels" -> AnswerKind.LABELS;
      case "embeddings" -> AnswerKind.EMBEDDINGS;
      default -> throw new UserError("--answer is " + named + "; it must be labels or embeddings");
    };
  }

  private CorpusSource source() {
    boolean json = new Path(in).getName().contains(".json");
    CorpusSource texts = new CorpusSource(List.of(in), json ? CorpusFormat.JSONL : CorpusFormat.LINES,
        new CorpusSource.Fields(textField, idField, "", OPTIONS));
    if (pairField == null) return texts;
    require(!pairField.isBlank(), "--pair-field", "empty", "the name of a field, such as hypothesis");
    if (!json)
      throw new UserError("--pair-field is " + pairField + ", and --in is " + in
          + "; pairs are read from JSON lines, in a file whose name has .json");
    return texts.with(new LabelFields(pairField, "label", LabelKind.CLASS)).ofExamples(Example.Kind.PAIR);
  }
}
