package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.job.PrepJob;
import dev.kindling.data.job.PrepOptions;
import dev.kindling.data.pack.Packing;
import dev.kindling.jobs.WordTokenizer;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pairs on executors that are each a process of its own. */
@Timeout(180)
class PretrainPairsTest {
  private static final List<String> WORDS = List.of("a", "b", "c", "d", "e", "f");
  private static final int TIME = 16;
  @TempDir
  static Path folder;
  private static String dataset;
  private static String alone;

  /** Of up to 10 words, each with as many of their first. */
  @BeforeAll
  static void prepare() throws Exception {
    WordTokenizer.write(folder, WORDS);
    Random random = new Random(1);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 120; i++) {
      StringBuilder prompt = new StringBuilder(WORDS.get(random.nextInt(6)));
      String first = prompt.toString();
      for (int more = random.nextInt(10); more > 0; more--) prompt.append(' ').append(WORDS.get(random.nextInt(6)));
      lines.append("{\"id\": \"d" + i + "\", \"prompt\": \"" + prompt + "\", \"completion\": \"" + first + " " + first
          + "\"}\n");
    }
    Path in = Files.writeString(folder.resolve("pairs.jsonl"), lines);
    dataset = folder.resolve("data").toString();
    try (SparkSession local = Sessions.local(2)) {
      PrepJob.run(local, new PrepOptions(List.of(CorpusSource.jsonl(in.toString())), 0, List.of(), dataset,
          Optional.of(folder.toString()), 0, TIME, 10, 1, Packing.SEQUENCE_TO_SEQUENCE, Optional.empty()));
      alone = PretrainJob.run(local, config("alone", 0), line -> {}).weightsSha256();
    }
  }

  private static PretrainConfig config(String run, int ranks) {
    PretrainConfig tiny = TinyRuns.of(dataset, folder.resolve(run), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, ranks);
    TrainSettings t = tiny.train();
    return tiny.withModel(tiny.model().withFamily(ModelFamily.T5).withDropout(0.1)).withTrain(new TrainSettings(
        t.steps(), 0, 3, 2, 4, t.seed(), t.precision(), 1, t.evaluateEvery(), t.evaluationRows(), 1, 0));
  }

  @Test
  void oneRankTwoAndARunThatIsStoppedAndGoesOnGiveTheSameWeights() throws Exception {
    try (SparkSession spark = Sessions.cluster(2)) {
      ClusterSlots.await(spark.sparkContext(), 2, 150);
      for (int ranks : new int[]{1, 2}) {
        PretrainResult result = PretrainJob.run(spark, config("ranks-" + ranks, ranks), line -> {});
        assertThat(result.ranks()).isEqualTo(ranks);
        assertThat(result.validationLoss()).isPositive();
        assertThat(result.weightsSha256()).isEqualTo(alone);
      }
      PretrainConfig parts = config("parts", 2);
      assertThat(PretrainJob.run(spark, TinyRuns.stoppingAfter(parts, 4), line -> {}).finished()).isFalse();
      assertThat(PretrainJob.run(spark, config("parts", 1), line -> {}).weightsSha256()).isEqualTo(alone);
      beginsTheSameWithATrainedModel(spark, config("ranks-1", 1));
    }
  }

  /** Whose tokenizer is left out: with the tokens that a fresh model needs it is another than the dataset's. */
  private static void beginsTheSameWithATrainedModel(SparkSession spark, PretrainConfig ended) throws Exception {
    PretrainResult fresh = PretrainJob.run(spark, ended, line -> {});
    Path left = TinyRuns.folder(fresh);
    Path model = Files.createDirectories(folder.resolve("model"));
    for (String file : List.of("config.json", "model.safetensors")) Files.copy(left.resolve(file), model.resolve(file));
    PretrainResult one = PretrainJob.run(spark, beginning(model, "from-1", 1), line -> {});
    assertThat(one.weightsSha256()).as("it learns").isNotEqualTo(alone);
    PretrainConfig parts = beginning(model, "from-2", 2);
    assertThat(PretrainJob.run(spark, TinyRuns.stoppingAfter(parts, 4), line -> {}).finished()).isFalse();
    PretrainResult two = PretrainJob.run(spark, parts, line -> {});
    assertThat(two.ranks()).isEqualTo(2);
    assertThat(two.weightsSha256()).isEqualTo(one.weightsSha256());
    assertThat(one.curve().get(0).loss()).as("of the first step").isLessThan(fresh.curve().get(0).loss());
  }

  private static PretrainConfig beginning(Path model, String run, int ranks) {
    return config(run, ranks).withModel(ModelSettings.defaults().withFrom(model.toString()));
  }
}
