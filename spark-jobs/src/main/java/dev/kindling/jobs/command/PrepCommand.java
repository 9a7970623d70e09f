package dev.kindling.jobs.command;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.job.PrepJob;
import dev.kindling.data.job.PrepOptions;
import dev.kindling.data.job.PrepReport;
import dev.kindling.data.job.PrepResult;
import dev.kindling.data.shard.DatasetVersions;
import dev.kindling.jobs.config.Configuration;
import dev.kindling.jobs.model.TokenizerPath;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Text to packed Parquet shards. */
@Command(name = "prep", header = "Text to packed Parquet shards, ready to train on", description = {"",
    "Reads documents, normalises them, holds some out, trains a tokenizer on the others (or takes yours), packs "
        + "the tokens into rows of equal length and writes Parquet shards with a dataset.json. Where it was stopped the "
        + "same command goes on; inspect says how far it came, and verify checks every byte of a dataset's shards.",
    ""}, footer = {"", "Examples:", "  kindling prep --in corpus.jsonl --out data/corpus",
        "  kindling prep --in 'hdfs:///books/*.txt' --out hdfs:///data/books --set format=text --set sequenceLength=512",
        "  kindling prep prep.yaml --master yarn -- --num-executors 8", "",
        "Settings: input (paths, or sections: name, path or table or sql, and any of the next ten),",
        "  format (jsonl, text, lines, parquet), textField, idField, sourceField, separator, maxDocumentBytes,",
        "  pairField (of a second text), labelField, wordsField, tagsField (lists, a label for each word),",
        "  labelKind (class, classes: a list, number; of texts with labels),",
        "  maxRejectedPercent, clean (preset: web, or html, whitespace, patterns, c4, minCharacters, maxCharacters,",
        "  maxSymbols, gopherQuality, gopherRepetition, languages, otherLanguages, mask), dedup (exact, near: shingle,",
        "  bands, rows, threshold, paragraphs: minCharacters, maxDocuments, keepFirst), decontaminate (evaluation, words,",
        "  fewestWords, action: drop or flag), output, tokenizer (yours: a file, a folder or a run's), or of a trained one",
        "  tokenizerKind (byte-level; wordpiece, BERT's without capitals and accents; wordpiece-cased; unigram, T5's),",
        "  vocabularySize, sequenceLength, heldOutPercent, seed, chatTemplate,",
        "  packing (concatenate, best-fit, prompt-completion, preference, classification, token-classification,",
        "  sequence-to-sequence)",
        "", "Several inputs, a table among them (prep.yaml):", "  input:",
        "    - { name: books, path: 'hdfs:///books/*.txt.zst', format: text, separator: \"\\n%%\\n\" }",
        "    - { name: lake, sql: \"SELECT id, body FROM articles WHERE lang = 'en'\", textField: body }",
        "  maxRejectedPercent: 0.1", "  clean: { preset: web, languages: [en], mask: [email, phone] }",
        "  dedup: { exact: true, near: { threshold: 0.8 } }"})
final class PrepCommand implements Callable<Integer> {
  @Mixin
  private VerbOptions options;

  @Option(names = "--in", paramLabel = "PATH", description = "Files, folders or globs (setting input); may be repeated.")
  private List<String> input;

  @Option(names = "--out", paramLabel = "DIR", description = "Where the dataset goes (setting output).")
  private String output;

  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() throws Exception {
    PrintWriter out = spec.commandLine().getOut();
    var hadoop = HadoopFiles.configuration();
    Configuration configuration = options.read(hadoop).option("--in", "input", input)
        .option("--out", "output", output);
    PrepSettings settings = configuration.as(PrepSettings.class);
    PrepOptions prep = configuration.located(
        () -> settings.options(named -> TokenizerPath.resolve(hadoop, named).toString()));
    return Stoppable.run(spec.commandLine().getErr(),
        "prep was stopped; the same command goes on with the stages that are whole",
        () -> prepare(configuration, prep, out));
  }

  private int prepare(Configuration configuration, PrepOptions prep, PrintWriter out) {
    try (Sessions.Opened spark = Sessions.open("prep")) {
      PrepResult result = configuration.located(() -> PrepJob.run(spark.session(), prep, out::println));
      var training = result.info().training();
      var heldOut = result.info().heldOut();
      out.printf("%s: %,d documents, %,d tokens in %,d rows of %d; held out: %,d documents, %,d tokens%n",
          result.folder(),
          training.documents(), training.tokens(), training.rows(), result.info().sequenceLength(), heldOut.documents(),
          heldOut.tokens());
      page(spark.session(), DatasetVersions.home(result.folder(), result.info().datasetVersion()));
    }
    return 0;
  }

  /** The dataset is whole without the page: its folder may be one that can only be read. */
  private void page(SparkSession spark, Path dataset) {
    try {
      PrepPage.write(spark.sparkContext().hadoopConfiguration(), dataset)
          .ifPresent(page -> spec.commandLine().getOut().println("What became of the documents: " + page));
    } catch (IOException | UncheckedIOException | UserError e) {
      spec.commandLine().getErr().println("kindling: warning: the page about the dataset in " + dataset
          + " is not written: " + e.getMessage() + "; the dataset is whole, and " + PrepReport.FILE
          + " has the numbers");
    }
  }
}
