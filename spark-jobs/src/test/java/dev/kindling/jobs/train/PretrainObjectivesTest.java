package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.tokenizer.BpeTrainer;
import dev.kindling.data.tokenizer.CountedWord;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.ObjectiveSettings.Documents;
import dev.kindling.jobs.train.ObjectiveSettings.Kind;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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

  /** Of the held-out tokens under their own counts: no model that sees nothing else of a text does better. */
  private static double perplexityWithoutContext() {
    PackedDataset heldOut = PackedDataset.openHeldOut(new Configuration(), new org.apache.hadoop.fs.Path(dataset));
    Map<Integer, Integer> counts = new HashMap<>();
    int all = 0;
    for (long row = 0; row < heldOut.rows(); row++) {
      for (int token : heldOut.tokens(row)) counts.merge(token, 1, Integer::sum);
      all += heldOut.tokens(row).length;
    }
    double nats = 0;
    for (int count : counts.values()) nats -= (double) count / all * Math.log((double) count / all);
    return Math.exp(nats);
  }

  private static ModelFolder trained(PretrainResult result) {
    return ModelFolder.open(new Configuration(), new org.apache.hadoop.fs.Path(result.checkpoint()));
  }

  @ParameterizedTest
  @EnumSource(value = ModelFamily.class, mode = Mode.INCLUDE, names = {"BERT", "ROBERTA", "DISTILBERT"})
  void encodersLearnToSayWhichTokensWereHidden(ModelFamily family) {
    PretrainConfig config = TinyRuns.reading(config("words-" + family, family), 300, 0, 8);
    PretrainResult result = PretrainJob.run(spark, config, line -> {});
    assertThat(result.finished()).isTrue();
    assertThat(result.validationPerplexity()).as("tokens around the hidden ones are made use of")
        .isBetween(1.0, perplexityWithoutContext());
    try (ModelFolder model = trained(result)) {
      BertConfig shape = (BertConfig) model.config();
      assertThat(shape.task()).isEqualTo(EncoderTask.MASKED_WORDS);
      assertThat(shape.contextLength()).isEqualTo(16);
      assertThat(shape.vocabularySize()).isEqualTo(TinyDataset.VOCABULARY + 2);
      boolean behindPadding = family == ModelFamily.ROBERTA;
      assertThat(shape.padToken()).isEqualTo(behindPadding ? 0 : TinyDataset.VOCABULARY);
      assertThat(shape.positions()).isEqualTo(behindPadding ? 17 : 16);
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

  @ParameterizedTest
  @EnumSource(value = ModelFamily.class, mode = Mode.INCLUDE, names = {"GPT2", "MIXTRAL", "BERT", "T5"})
  void aModelThatCannotFitIsRefusedWithItsNumbersBeforeARunIsBegun(ModelFamily family) {
    ModelSettings huge = new ModelSettings(family, 48, 64, 0, 16_384, 0, 0, 0, 0, 0, 0,
        ModelSettings.Positions.LEARNED);
    PretrainConfig config = config("huge-" + family, family).withModel(huge);
    assertThatThrownBy(() -> PretrainJob.run(spark, config, line -> {})).isInstanceOf(UserError.class)
        .hasMessageMatching("not enough memory: a rank needs [\\d.]+ GiB, of which [\\d.]+ GiB outside the heap "
            + "\\(weights [\\d.]+, gradients [\\d.]+, optimizer [\\d.]+, activations [\\d.]+, other [\\d.]+\\); "
            + "this machine has [\\d.]+ GiB: make .* smaller, or use machines with more memory "
            + "\\(plan takes theirs with --executor-memory and --conf\\)");
    assertThat(folder.resolve("huge-" + family)).doesNotExist();
  }

  @Test
  void aStoppedRunGoesOnToTheSameWeights() {
    String whole = PretrainJob.run(spark, config("whole", ModelFamily.BERT), line -> {}).weightsSha256();
    PretrainConfig parts = config("parts", ModelFamily.BERT);
    PretrainJob.run(spark, TinyRuns.stoppingAfter(parts, 4), line -> {});
    assertThat(PretrainJob.run(spark, parts, line -> {}).weightsSha256()).isEqualTo(whole);
    PretrainConfig other = parts.withObjective(new ObjectiveSettings(Kind.AUTO, Documents.TOGETHER, 0.3, 0.15, 3));
    assertThatThrownBy(() -> PretrainJob.run(spark, other, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining("objective.maskedShare is 0.3");
  }

  @Test
  void sequencesWithMoreSpansThanSentinelsAreRefusedBeforeARunIsBegun() throws Exception {
    Path long2100 = Files.createDirectories(folder.resolve("long"));
    DatasetInfo info = DatasetInfo.read(new Configuration(), new org.apache.hadoop.fs.Path(dataset));
    Files.writeString(long2100.resolve(DatasetInfo.FILE),
        new DatasetInfo(info.format(), info.version(), info.fingerprint(), 2100, info.vocabularySize(),
            info.endOfText(), info.tokenizer(), info.inputs(), info.configuration(), info.training(), info.heldOut())
            .toJson());
    PretrainConfig config = PretrainConfig.of(long2100.toString(), folder.resolve("refused").toString())
        .withModel(config("refused", ModelFamily.T5).model());
    assertThatThrownBy(() -> PretrainJob.run(spark, config, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining("a text of 2100 tokens has 105 spans, the vocabulary only 100 sentinels");
    assertThat(folder.resolve("refused")).doesNotExist();
  }

  @Test
  void aTokenThatTheTokenizerHasAlreadyIsNotAddedAgain() {
    ExtraTokens masked = ExtraTokens.ofMaskedWords(9);
    for (String there : List.of("{\"added_tokens\": [{\"id\": 4, \"content\": \"[MASK]\"}]}",
        "{\"model\": {\"vocab\": {\"[MASK]\": 4}}}")) {
      assertThatThrownBy(() -> masked.addedTo(there)).isInstanceOf(UserError.class)
          .hasMessageContaining("tokenizer.json has a token [MASK] already");
    }
  }

  @Test
  void specialTokensThatTheTokenizerHasStayWhereTheyAre() {
    String json = "{\"added_tokens\": [{\"id\": 4, \"content\": \"[MASK]\", \"special\": true},"
        + " {\"id\": 3, \"content\": \"[SEP]\", \"special\": true}]}";
    ExtraTokens masked = ExtraTokens.ofMaskedWords(9).in(json);
    assertThat(masked.id("[MASK]")).isEqualTo(4);
    assertThat(masked.id("[PAD]")).isEqualTo(9);
    assertThat(masked.vocabulary()).isEqualTo(10);
    assertThat(masked.special()).containsExactlyInAnyOrder(3, 4);
    assertThat(masked.addedTo(json)).contains("[PAD]");
    String sentinel = "{\"added_tokens\": [{\"id\": 4, \"content\": \"<extra_id_0>\", \"special\": true}]}";
    assertThatThrownBy(() -> ExtraTokens.ofSpans(9).in(sentinel)).isInstanceOf(UserError.class)
        .hasMessageContaining("<extra_id_1> is not 1 ids before <extra_id_0>");
  }

  @Test
  void aRobertaWhosePositionsWouldBeginBehindAVocabularyIsRefused() {
    ModelSettings roberta = config("positions", ModelFamily.ROBERTA).model();
    assertThatThrownBy(() -> roberta.config(ExtraTokens.ofMaskedWords(50_257), 16, 50_256))
        .isInstanceOf(UserError.class).hasMessageContaining("the end of text's id, here 50256");
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
        .withObjective(new ObjectiveSettings(Kind.NEXT_TOKEN, Documents.TOGETHER, 0.15, 0.15, 3));
    assertThatThrownBy(() -> PretrainJob.run(spark, wrong, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining(
            "objective.kind is next-token; it must be auto or masked-words with model.family bert");
    PretrainConfig apart = config("apart", ModelFamily.BERT)
        .withObjective(new ObjectiveSettings(Kind.AUTO, Documents.APART, 0.15, 0.15, 3));
    assertThatThrownBy(() -> PretrainJob.run(spark, apart, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining("objective.documents is apart; it must be together with model.family bert");
  }
}
