package dev.kindling.data.job;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.kindling.checkpoint.JsonProblem;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.tokenizer.CountedWord;
import dev.kindling.data.tokenizer.Fingerprint;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.data.tokenizer.TokenizerConfig;
import dev.kindling.data.tokenizer.TokenizerKind;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;

/** Trains a tokenizer: Spark counts words, the driver merges; of a unigram one the executors add up too ({@link UnigramSource}). */
public final class TokenizerJob {
  private static final String MANIFEST = "tokenizer_training.json";
  private static final int REPORTS = 8;

  private TokenizerJob() {
  }

  /**
   * Writes {@code tokenizer.json} and {@code tokenizer_config.json}; where the folder holds this very tokenizer already, it is
   * only read.
   *
   * @param progress is told what is going on, a line at a time
   * @throws UserError for a wrong path, a damaged or an empty corpus, an output that holds something else
   */
  public static Tokenizer run(SparkSession session, TokenizerOptions options, Consumer<String> progress) {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    OutputFolder output = new OutputFolder(spark.hadoopConfiguration(), new Path(options.output()), MANIFEST,
        Set.of(Tokenizer.FILE, TokenizerConfig.FILE));
    output.refuseStrangers();
    Documents documents = Documents.of(session, List.of(options.corpus()));
    DatasetInfo.Inputs inputs = TaskFailure.unwrapped(documents::inputs);
    String fingerprint = Fingerprint
        .of(String.join("\n", "tokenizer 1", inputs.sha256(), options.corpus().format().name(),
            options.corpus().fields().text(), options.size()));
    String finished = output.finishedManifest();
    if (finished != null) {
      if (!fingerprint.equals(fingerprintOf(finished)))
        throw new UserError("output " + output.path()
            + " holds a tokenizer made from other inputs or settings; give another folder or delete it");
      output.clearUnfinished();
      progress.accept("The tokenizer in " + output.path() + " is already made from these inputs and settings");
      return Tokenizer.load(spark.hadoopConfiguration(), output.path());
    }
    output.begin();
    try {
      JavaRDD<String> texts = CleanDocument.in(documents.frame(true)).map(CleanDocument::text);
      Tokenizer tokenizer = TaskFailure
          .unwrapped(() -> train(texts, options.kind(), options.vocabularySize(), documents::empty, progress));
      output.write(Tokenizer.FILE, tokenizer.json());
      output.write(TokenizerConfig.FILE, TokenizerConfig.of(tokenizer));
      output.commit(new ObjectMapper().createObjectNode().put("fingerprint", fingerprint).put("inputs", inputs.sha256())
          .put("tokenizer", tokenizer.fingerprint()).toPrettyString() + "\n");
      progress.accept("Wrote " + new Path(output.path(), Tokenizer.FILE));
      return tokenizer;
    } catch (RuntimeException e) {
      RuntimeException told = output.told(e);
      output.abandon();
      throw told;
    }
  }

  /** @param whenEmpty what to say where no text has a word */
  static Tokenizer train(JavaRDD<String> texts, TokenizerKind kind, int vocabularySize,
      Supplier<UserError> whenEmpty, Consumer<String> progress) {
    progress.accept("Counting words");
    if (kind == TokenizerKind.UNIGRAM) return unigram(texts, vocabularySize, whenEmpty, progress);
    List<CountedWord> words = WordCounts.of(texts, kind);
    if (words.isEmpty()) throw whenEmpty.get();
    progress.accept(String.format("Training the tokenizer on %,d different words", words.size()));
    int step = Math.max(512, vocabularySize / REPORTS);
    return kind.train(words, vocabularySize, size -> {
      if (size % step == 0 && size < vocabularySize)
        progress.accept(String.format("  %,d of %,d tokens", size, vocabularySize));
    });
  }

  private static Tokenizer unigram(JavaRDD<String> texts, int vocabularySize, Supplier<UserError> whenEmpty,
      Consumer<String> progress) {
    JavaRDD<CountedWord> words = WordCounts.counted(texts, TokenizerKind.UNIGRAM)
        .persist(StorageLevel.MEMORY_AND_DISK());
    try {
      if (words.isEmpty()) throw whenEmpty.get();
      progress.accept(String.format("Training the tokenizer on %,d different words", words.count()));
      return UnigramSource.train(words, vocabularySize, progress);
    } finally {
      words.unpersist();
    }
  }

  private static String fingerprintOf(String manifest) {
    try {
      return new ObjectMapper().readTree(manifest).path("fingerprint").asText();
    } catch (JsonProcessingException e) {
      throw new UserError(MANIFEST + " is damaged: " + JsonProblem.of(e) + "; delete the folder", e);
    }
  }
}
