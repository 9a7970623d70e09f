package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.job.PrepJob;
import dev.kindling.data.job.PrepOptions;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.jobs.command.Ended;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.ObjectiveSettings.Documents;
import dev.kindling.jobs.train.ObjectiveSettings.Kind;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.EncoderModel;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** From words with a label each to a model that labels them, with the tokenizers of golden/labelled-texts.json. */
@Timeout(180)
class PretrainTagsTest {
  private static final int TIME = 24;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String[] PLAIN = {"a", "man", "and", "on", "is", "long"};

  @TempDir
  static Path folder;
  private static String dataset;

  @BeforeAll
  static void prepare() throws Exception {
    try (SparkSession spark = Sessions.local(2)) {
      dataset = dataset(spark, "bert_template");
    }
  }

  /** Among plain words a guitar (three tokens of both tokenizers), behind which "the" goes on with it, and elsewhere does not. */
  private static String dataset(SparkSession spark, String tokenizer) throws IOException {
    Path home = Files.createDirectories(folder.resolve(tokenizer));
    Files.writeString(home.resolve("tokenizer.json"),
        JSON.readTree(Path.of("../golden/labelled-texts.json").toFile()).get(tokenizer).get("tokenizer").toString());
    Random random = new Random(3);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 240; i++) {
      ObjectNode line = JSON.createObjectNode().put("id", "d" + i);
      String before = "";
      int words = 3 + random.nextInt(3);
      for (int w = 0; w < words; w++) {
        int kind = random.nextInt(4);
        String word = kind == 0 ? "guitar" : kind == 1 ? "the" : PLAIN[random.nextInt(PLAIN.length)];
        line.withArray("tokens").add(word);
        line.withArray("tags").add(kind == 0 ? "B-THING" : kind == 1 && before.equals("guitar") ? "I-THING" : "O");
        before = word;
      }
      lines.append(line).append('\n');
    }
    Path in = Files.writeString(folder.resolve(tokenizer + ".jsonl"), lines);
    String out = home.resolve("data").toString();
    PrepJob.run(spark, new PrepOptions(List.of(CorpusSource.jsonl(in.toString())), 0, List.of(), out,
        Optional.of(home.toString()), 0, TIME, 15, 1, Packing.TOKEN_CLASSIFICATION, Optional.empty()));
    return out;
  }

  private static PretrainConfig config(String dataset, String run, ModelFamily family, int ranks) {
    PretrainConfig base = TinyRuns.of(dataset, folder.resolve(run), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, ranks);
    return base.withModel(base.model().withFamily(family));
  }

  /** Counted text by text with the folder that is left. @return of the held-out words: the loss, those that are right, all of them */
  private static double[] counted(PretrainResult result) {
    PackedDataset heldOut = PackedDataset.openHeldOut(new Configuration(), new org.apache.hadoop.fs.Path(dataset));
    double loss = 0;
    int right = 0, words = 0;
    try (
        ModelFolder trained = ModelFolder.open(new Configuration(), new org.apache.hadoop.fs.Path(result.checkpoint()));
        Kernels kernels = PlainKernels.of(1);
        EncoderModel model = EncoderModel.load((BertConfig) trained.config(), trained.weights(), kernels,
            Precision.FLOAT32)) {
      for (long row = 0; row < heldOut.rows(); row++) {
        int length = heldOut.targets(row) + 1;
        float[] z = model
            .logits(EncoderBatch.unlabelled(1, length, Arrays.copyOf(heldOut.tokens(row), length), null, null));
        for (int t = 0; t < length; t++) {
          int label = (int) heldOut.labels(row)[t];
          if (label < 0) continue;
          double sum = 0;
          int best = 0;
          for (int k = 0; k < 3; k++) {
            sum += Math.exp(z[3 * t + k]);
            if (z[3 * t + k] > z[3 * t + best]) best = k;
          }
          loss += Math.log(sum) - z[3 * t + label];
          if (best == label) right++;
          words++;
        }
      }
    }
    return new double[]{loss / words, right, words};
  }

  @Test
  void aModelOfWordsIsTrainedMeasuredAndLeftAsHuggingFaceHasIt() throws Exception {
    List<String> said = new ArrayList<>();
    PretrainResult result;
    try (SparkSession spark = Sessions.local(2)) {
      result = PretrainJob.run(spark, TinyRuns.reading(config(dataset, "run", ModelFamily.BERT, 0), 250, 0, 8),
          said::add);
    }
    double[] counted = counted(result);
    assertThat(result.validationLoss()).isCloseTo(counted[0], within(1e-5));
    assertThat(counted[1] / counted[2]).as("held-out accuracy").isGreaterThan(0.95);
    assertThat(said).contains(String.format(Locale.ROOT, "held-out accuracy %.2f%%: %.0f of %.0f words",
        100 * counted[1] / counted[2], counted[1], counted[2]));
    assertThat(said).anyMatch(line -> line.matches("held-out entities: F1 \\d+\\.\\d\\d%, precision \\S+% of \\d+ "
        + "that were found, recall \\S+% of \\d+ that are there"));
    JsonNode config = TinyRuns.configJson(result);
    assertThat(config.get("architectures").get(0).asText()).isEqualTo("BertForTokenClassification");
    assertThat(config.get("id2label").toString())
        .isEqualTo("{\"0\":\"B-THING\",\"1\":\"I-THING\",\"2\":\"O\"}");
    assertThat(config.has("problem_type")).isFalse();
    assertThat(predicted(result, "a guitar the man", "the man is on")).as("a label for the first token of each word")
        .containsExactly(List.of("O", "B-THING", "I-THING", "O"), List.of("O", "O", "O", "O"));
  }

  /** What the verb says of texts, word by word. */
  private static List<List<String>> predicted(PretrainResult result, String... texts) throws IOException {
    Path in = Files.write(folder.resolve("texts.txt"), List.of(texts));
    Path out = folder.resolve("labels.jsonl");
    Ended ended = Ended.of("predict", "--model", result.checkpoint(), "--in", in.toString(), "--out", out.toString());
    assertThat(ended.code()).as(ended.err()).isZero();
    List<List<String>> all = new ArrayList<>();
    for (String line : Files.readAllLines(out)) {
      JsonNode row = JSON.readTree(line);
      List<String> labels = new ArrayList<>();
      for (JsonNode token : row.get("labels")) {
        int start = token.get("start").asInt();
        boolean first = start == 0 || row.get("text").asText().charAt(start - 1) == ' ';
        if (first) labels.add(token.get("label").asText());
      }
      all.add(labels);
    }
    return all;
  }

  @Test
  void oneRankAndTwoAndOneThatWasStoppedLeaveTheSameWeights() throws Exception {
    String alone;
    try (SparkSession spark = Sessions.local(1)) {
      alone = PretrainJob.run(spark, config(dataset, "alone", ModelFamily.BERT, 0), line -> {}).weightsSha256();
      PretrainConfig parts = config(dataset, "parts", ModelFamily.BERT, 0);
      assertThat(PretrainJob.run(spark, TinyRuns.stoppingAfter(parts, 4), line -> {}).finished()).isFalse();
      assertThat(PretrainJob.run(spark, parts, line -> {}).weightsSha256()).isEqualTo(alone);
    }
    try (SparkSession spark = Sessions.cluster(2)) {
      ClusterSlots.await(spark.sparkContext(), 2, 150);
      PretrainResult two = PretrainJob.run(spark, config(dataset, "two", ModelFamily.BERT, 2), line -> {});
      assertThat(two.ranks()).isEqualTo(2);
      assertThat(two.weightsSha256()).isEqualTo(alone);
    }
  }

  @Test
  void robertaAndDistilbertLearnLabelsOfWordsToo() throws Exception {
    try (SparkSession spark = Sessions.local(2)) {
      String bytes = dataset(spark, "roberta");
      PretrainResult roberta = PretrainJob.run(spark, config(bytes, "roberta-run", ModelFamily.ROBERTA, 0), line -> {});
      assertThat(TinyRuns.configJson(roberta).get("architectures").get(0).asText())
          .isEqualTo("RobertaForTokenClassification");
      Path left = Path.of(roberta.checkpoint().replaceFirst("^file:", ""));
      assertThat(
          JSON.readTree(left.resolve("tokenizer.json").toFile()).at("/pre_tokenizer/add_prefix_space").asBoolean())
          .isTrue();
      assertThat(JSON.readTree(left.resolve("tokenizer_config.json").toFile()).get("add_prefix_space").asBoolean())
          .isTrue();
      assertThat(predicted(roberta, "a guitar the man").get(0)).hasSizeGreaterThanOrEqualTo(4);
      assertThat(roberta.trainingLoss()).isLessThan(roberta.curve().get(0).loss());
      PretrainResult distilbert = PretrainJob.run(spark, config(dataset, "distilbert-run", ModelFamily.DISTILBERT, 0),
          line -> {});
      assertThat(TinyRuns.configJson(distilbert).get("architectures").get(0).asText())
          .isEqualTo("DistilBertForTokenClassification");
      assertThat(distilbert.trainingLoss()).isLessThan(distilbert.curve().get(0).loss());
    }
  }

  @Test
  void aModelOrAnObjectiveThatDoesNotFitTheRowsIsRefused() throws Exception {
    try (SparkSession spark = Sessions.local(1)) {
      PretrainConfig gpt = config(dataset, "gpt", ModelFamily.GPT2, 0);
      assertThatThrownBy(() -> PretrainJob.run(spark, gpt, line -> {})).isInstanceOf(UserError.class).hasMessage(
          "model.family is gpt2; it must be bert, roberta or distilbert: the dataset's packing is token-classification");
      PretrainConfig texts = config(dataset, "texts", ModelFamily.BERT, 0)
          .withObjective(new ObjectiveSettings(Kind.CLASSIFICATION, Documents.TOGETHER, 0.15, 0.15, 3));
      assertThatThrownBy(() -> PretrainJob.run(spark, texts, line -> {})).isInstanceOf(UserError.class).hasMessage(
          "objective.kind is classification; it must be auto or token-classification with model.family bert and a "
              + "dataset whose packing is token-classification");
      assertThat(folder.resolve("gpt")).doesNotExist();
    }
  }
}
