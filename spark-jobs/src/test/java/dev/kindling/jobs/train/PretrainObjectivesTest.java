package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.data.tokenizer.BpeTrainer;
import dev.kindling.data.tokenizer.CountedWord;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.ObjectiveSettings.Kind;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** What besides decoders is pre-trained: masked words, and spans that were cut out. */
@Timeout(180)
class PretrainObjectivesTest {
  @TempDir
  static Path folder;
  private static SparkSession spark;
  private static String dataset;

  @BeforeAll
  static void start() throws Exception {
    spark = Sessions.local(2);
    dataset = TinyDataset.write(folder.resolve("data"), 50, 20, 9);
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static PretrainConfig config(String run, ModelFamily family) {
    PretrainConfig base = TinyRuns.of(dataset, folder.resolve(run), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0);
    return base.withModel(base.model().withFamily(family));
  }

  private static ModelFolder trained(PretrainResult result) {
    return ModelFolder.open(new Configuration(), new org.apache.hadoop.fs.Path(result.checkpoint()));
  }

  @ParameterizedTest
  @EnumSource(value = ModelFamily.class, mode = Mode.INCLUDE, names = {"BERT", "ROBERTA", "DISTILBERT"})
  void encodersLearnToSayWhichTokensWereHidden(ModelFamily family) {
    PretrainConfig config = TinyRuns.reading(config("words-" + family, family), 100, 0, 8);
    PretrainResult result = PretrainJob.run(spark, config, line -> {});
    assertThat(result.finished()).isTrue();
    assertThat(result.validationPerplexity()).as("untrained, it is the vocabulary's size")
        .isBetween(1.0, TinyDataset.VOCABULARY - 1.0);
    try (ModelFolder model = trained(result)) {
      BertConfig shape = (BertConfig) model.config();
      assertThat(shape.task()).isEqualTo(EncoderTask.MASKED_WORDS);
      assertThat(shape.contextLength()).isEqualTo(16);
      assertThat(shape.vocabularySize()).isEqualTo(TinyDataset.VOCABULARY + 2);
      assertThat(shape.padToken()).isEqualTo(TinyDataset.VOCABULARY);
      assertThat(model.tokenizerJson().orElseThrow()).contains("\"[MASK]\"", "\"[PAD]\"");
    }
  }

  @ParameterizedTest
  @EnumSource(value = ModelFamily.class, mode = Mode.INCLUDE, names = {"T5", "T5_V1_1"})
  void t5LearnsToWriteTheSpansThatWereCutOut(ModelFamily family) {
    PretrainResult result = PretrainJob.run(spark, config("spans-" + family, family), line -> {});
    assertThat(result.trainingLoss()).isLessThan(result.curve().get(0).loss());
    try (ModelFolder model = trained(result)) {
      T5Config config = (T5Config) model.config();
      assertThat(config.gated()).isEqualTo(family == ModelFamily.T5_V1_1);
      assertThat(config.vocabularySize()).isEqualTo(TinyDataset.VOCABULARY + 101);
      assertThat(config.startToken()).isEqualTo(config.padToken()).isEqualTo(TinyDataset.VOCABULARY);
      assertThat(model.tokenizerJson().orElseThrow()).contains("\"<extra_id_99>\"", "\"<extra_id_0>\"");
    }
  }

  @Test
  void aStoppedRunGoesOnToTheSameWeights() {
    String whole = PretrainJob.run(spark, config("whole", ModelFamily.BERT), line -> {}).weightsSha256();
    PretrainConfig parts = config("parts", ModelFamily.BERT);
    PretrainJob.run(spark, TinyRuns.stoppingAfter(parts, 4), line -> {});
    assertThat(PretrainJob.run(spark, parts, line -> {}).weightsSha256()).isEqualTo(whole);
    PretrainConfig other = parts.withObjective(new ObjectiveSettings(Kind.AUTO, 0.3, 0.15, 3));
    assertThatThrownBy(() -> PretrainJob.run(spark, other, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining("objective is");
  }

  /** The first sentinel is the last token, as in T5's own vocabulary. */
  @Test
  void theExtraTokensAreTheTokenizersToo() {
    Tokenizer plain = BpeTrainer.train(List.of(new CountedWord("abc", 1)), BpeTrainer.SMALLEST + 1, done -> {});
    ExtraTokens spans = ExtraTokens.ofSpans(plain.vocabularySize());
    Tokenizer tokenizer = Tokenizer.parse(spans.addedTo(plain.json()), "tokenizer.json");
    assertThat(tokenizer.vocabularySize()).isEqualTo(spans.vocabulary()).isEqualTo(plain.vocabularySize() + 101);
    int last = spans.vocabulary() - 1;
    assertThat(tokenizer.encode("<extra_id_0><extra_id_99><pad>")).containsExactly(last, last - 99, last - 100);
    assertThat(tokenizer.encode("bca")).isEqualTo(plain.encode("bca"));
    ExtraTokens masked = ExtraTokens.ofMaskedWords(plain.vocabularySize());
    assertThat(Tokenizer.parse(masked.addedTo(plain.json()), "tokenizer.json").encode("[MASK]"))
        .containsExactly(masked.id("[MASK]"));
    assertThat(ExtraTokens.none(27).addedTo("as it is")).isEqualTo("as it is");
  }

  @Test
  void anObjectiveThatTheFamilyDoesNotLearnIsRefused() {
    PretrainConfig wrong = config("wrong", ModelFamily.BERT)
        .withObjective(new ObjectiveSettings(Kind.NEXT_TOKEN, 0.15, 0.15, 3));
    assertThatThrownBy(() -> PretrainJob.run(spark, wrong, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining(
            "objective.kind is next-token; it must be auto or masked-words with model.family bert");
  }
}
