package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.corpus.LabelFields;
import dev.kindling.data.job.PrepJob;
import dev.kindling.data.job.PrepOptions;
import dev.kindling.data.label.LabelKind;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.shard.PackedDataset;
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
import java.util.function.BiFunction;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** From texts with labels to a classifier, with the BERT tokenizer of golden/labelled-texts.json. */
@Tag("slow")
@Timeout(180)
class PretrainLabelsTest {
  private static final int TIME = 20;
  private static final String[] WORDS = {"a", "man", "and", "the", "on", "is", "long"};
  @TempDir
  static Path folder;
  private static SparkSession spark;
  private static final ObjectMapper JSON = new ObjectMapper();

  @BeforeAll
  static void start() throws Exception {
    spark = Sessions.local(2);
    Files.writeString(folder.resolve("tokenizer.json"), JSON.readTree(Path.of("../golden/labelled-texts.json").toFile())
        .get("bert_template").get("tokenizer").toString());
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  /** Pairs of texts, each of which has "film" or "no" somewhere, or neither. @param label of how often each is in the second */
  private static String dataset(String name, LabelKind kind, BiFunction<Long, Long, String> label) throws IOException {
    Random random = new Random(3);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 240; i++) {
      String[] second = new String[5];
      for (int w = 0; w < 5; w++) second[w] = WORDS[random.nextInt(WORDS.length)];
      if (random.nextBoolean()) second[random.nextInt(5)] = "film";
      if (random.nextBoolean()) second[random.nextInt(5)] = "no";
      long films = Arrays.stream(second).filter("film"::equals).count();
      long noes = Arrays.stream(second).filter("no"::equals).count();
      lines.append(JSON.writeValueAsString(JSON.createObjectNode().put("id", "d" + i).put("text", WORDS[i % 7])
          .put("other", String.join(" ", second)).set("label", JSON.readTree(label.apply(films, noes))))).append('\n');
    }
    Path in = Files.writeString(folder.resolve(name + ".jsonl"), lines);
    CorpusSource source = CorpusSource.jsonl(in.toString()).with(new LabelFields("other", "label", kind));
    Path data = folder.resolve(name);
    PrepJob.run(spark,
        new PrepOptions(List.of(source), 0, List.of(), data.toString(), Optional.of(folder.toString()), 0,
            TIME, 15, 1, Packing.CLASSIFICATION, Optional.empty()));
    return data.toString();
  }

  private static PretrainConfig config(String dataset, String run, ModelFamily family) {
    PretrainConfig base = TinyRuns.of(dataset, folder.resolve(run), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0);
    return TinyRuns.reading(base.withModel(base.model().withFamily(family)), 200, 0, 8);
  }

  /** What the trained model says of each held-out text alone. @param label of a row and its logits, what counts */
  private static List<float[]> logits(PretrainResult result, String dataset) {
    PackedDataset heldOut = PackedDataset.openHeldOut(new Configuration(), new org.apache.hadoop.fs.Path(dataset));
    List<float[]> logits = new ArrayList<>();
    try (
        ModelFolder trained = ModelFolder.open(new Configuration(), new org.apache.hadoop.fs.Path(result.checkpoint()));
        Kernels kernels = PlainKernels.of(1);
        EncoderModel model = EncoderModel.load((BertConfig) trained.config(), trained.weights(), kernels,
            Precision.FLOAT32)) {
      for (long row = 0; row < heldOut.rows(); row++) {
        int length = heldOut.targets(row) + 1;
        int[] types = new int[length];
        Arrays.fill(types, heldOut.starts(row)[1], length, 1);
        logits
            .add(model.logits(new EncoderBatch(1, length, Arrays.copyOf(heldOut.tokens(row), length), types, null, null,
                null, new long[1])));
      }
    }
    return logits;
  }

  private static double label(String dataset, long row) {
    return PackedDataset.openHeldOut(new Configuration(), new org.apache.hadoop.fs.Path(dataset)).labels(row)[0];
  }

  /** Of whether each class applies, under its own share of the held-out texts: the mean over the classes. */
  private static double entropy(String dataset, int classes) {
    PackedDataset heldOut = PackedDataset.openHeldOut(new Configuration(), new org.apache.hadoop.fs.Path(dataset));
    double[] counts = new double[classes];
    for (long row = 0; row < heldOut.rows(); row++) for (double label : heldOut.labels(row)) counts[(int) label]++;
    double nats = 0;
    for (double count : counts) {
      double share = count / heldOut.rows();
      nats -= share * Math.log(share) + (1 - share) * Math.log(1 - share);
    }
    return nats / classes;
  }

  /** The loss and the accuracy that are told are those of the folder that is left, text by text. */
  @Test
  void aClassifierIsTrainedMeasuredAndLeftAsHuggingFaceHasIt() throws Exception {
    String dataset = dataset("classes", LabelKind.CLASS, (films, noes) -> films > 0 ? "\"yes\"" : "\"never\"");
    List<String> said = new ArrayList<>();
    PretrainResult result = PretrainJob.run(spark, config(dataset, "run", ModelFamily.BERT), said::add);
    double loss = 0;
    int right = 0;
    List<float[]> logits = logits(result, dataset);
    for (int row = 0; row < logits.size(); row++) {
      float[] z = logits.get(row);
      int label = (int) label(dataset, row);
      loss += Math.log(Math.exp(z[0]) + Math.exp(z[1])) - z[label];
      if (z[label] > z[1 - label]) right++;
    }
    assertThat(result.validationLoss()).isCloseTo(loss / logits.size(), within(1e-5));
    assertThat(result.validationLoss()).isLessThan(0.3);
    assertThat(said).anyMatch(line -> line.startsWith("step 200: held-out loss ") && !line.contains("perplexity"));
    assertThat(said)
        .contains(
            String.format(Locale.ROOT, "held-out accuracy %.2f%%: %d of %d texts", 100.0 * right / logits.size(), right,
                logits.size()));
    JsonNode config = TinyRuns.configJson(result);
    assertThat(config.get("architectures").get(0).asText()).isEqualTo("BertForSequenceClassification");
    assertThat(config.get("problem_type").asText()).isEqualTo("single_label_classification");
    assertThat(config.get("id2label").toString()).isEqualTo("{\"0\":\"never\",\"1\":\"yes\"}");
    assertThat(config.get("max_position_embeddings").asInt()).isEqualTo(TIME);
  }

  @Test
  void anyNumberOfClassesAndNumbersAreLearnedToo() throws Exception {
    String dataset = dataset("many", LabelKind.CLASSES,
        (films, noes) -> films > 0 ? noes > 0 ? "[\"film\", \"no\"]" : "[\"film\"]" : noes > 0 ? "[\"no\"]" : "[]");
    PretrainResult many = PretrainJob.run(spark, config(dataset, "many-run", ModelFamily.DISTILBERT), line -> {});
    assertThat(many.validationLoss()).as("less than of knowing how many texts have each class alone")
        .isLessThan(0.95 * entropy(dataset, 2));
    assertThat(TinyRuns.configJson(many).get("problem_type").asText()).isEqualTo("multi_label_classification");
    assertThat(TinyRuns.configJson(many).get("label2id").toString()).isEqualTo("{\"film\":0,\"no\":1}");
    String numbers = dataset("numbers", LabelKind.NUMBER, (films, noes) -> String.valueOf(films - 0.5 * noes));
    List<String> said = new ArrayList<>();
    PretrainResult one = PretrainJob.run(spark, config(numbers, "numbers-run", ModelFamily.BERT), said::add);
    double squares = 0;
    List<float[]> found = logits(one, numbers);
    for (int row = 0; row < found.size(); row++) squares += Math.pow(found.get(row)[0] - label(numbers, row), 2);
    assertThat(one.validationLoss()).isCloseTo(squares / found.size(), within(1e-5)).isLessThan(0.15);
    assertThat(said).anyMatch(line -> line.startsWith("step 200: held-out mean squared error 0."));
    assertThat(TinyRuns.configJson(one).get("problem_type").asText()).isEqualTo("regression");
    try (ModelFolder left = ModelFolder.open(new Configuration(), new org.apache.hadoop.fs.Path(one.checkpoint()))) {
      assertThat(((BertConfig) left.config()).task()).isEqualTo(EncoderTask.REGRESS);
      assertThat(((BertConfig) left.config()).labels()).containsExactly("LABEL_0");
    }
  }

  @Test
  void aModelOrAnObjectiveThatDoesNotFitTheRowsIsRefused() throws Exception {
    String labelled = dataset("refused", LabelKind.CLASS, (films, noes) -> films > 0 ? "1" : "0");
    PretrainConfig gpt = config(labelled, "gpt", ModelFamily.GPT2);
    assertThatThrownBy(() -> PretrainJob.run(spark, gpt, line -> {})).isInstanceOf(UserError.class)
        .hasMessage(
            "model.family is gpt2; it must be bert, roberta or distilbert: the dataset's packing is classification");
    PretrainConfig words = config(labelled, "words", ModelFamily.BERT)
        .withObjective(new ObjectiveSettings(Kind.MASKED_WORDS, Documents.TOGETHER, 0.15, 0.15, 3));
    assertThatThrownBy(() -> PretrainJob.run(spark, words, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining(
            "objective.kind is masked-words; it must be auto or classification with model.family bert");
    String texts = TinyDataset.write(folder.resolve("texts"), 50, 20, 0);
    PretrainConfig labels = config(texts, "labels", ModelFamily.BERT)
        .withObjective(new ObjectiveSettings(Kind.CLASSIFICATION, Documents.TOGETHER, 0.15, 0.15, 3));
    assertThatThrownBy(() -> PretrainJob.run(spark, labels, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining(
            "objective.kind is classification; it must be auto or masked-words with model.family bert and a "
                + "dataset whose packing is concatenate");
    assertThat(folder.resolve("gpt")).doesNotExist();
  }
}
