package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A run of 12 steps of 4 sequences over two datasets, 3 parts of the one to 1 of the other, stopped on its way. */
@Timeout(180)
class MixedDatasetsTest {
  private static final int STEPS = 12;

  @TempDir
  static Path folder;
  private static String whole;

  @BeforeAll
  static void train() throws IOException {
    prep("books", 40);
    prep("web", 20, "tokenizer=" + folder.resolve("books"));
    whole = Ended.well(
        pretrain("whole", "{ dataset: " + folder.resolve("web") + ", weight: 1 }", "3", "cluster.kernels=plain",
            "tracking.documentLoss=1"));
  }

  @Test
  void eachStepReadsTheSharesAndEveryDatasetEpochByEpoch() throws IOException {
    Map<String, Map<Long, Integer>> read = new TreeMap<>();
    for (int step = 1; step <= STEPS; step++) {
      Map<String, Integer> shares = new HashMap<>();
      for (JsonNode sequence : lineage("--step", "" + step).path("sequences")) {
        String dataset = sequence.path("dataset").asText();
        shares.merge(dataset, 1, Integer::sum);
        read.computeIfAbsent(dataset, d -> new TreeMap<>()).merge(sequence.path("row").asLong(), 1, Integer::sum);
        for (JsonNode document : sequence.path("documents"))
          assertThat(dataset).endsWith(document.path("file").asText().replace(".txt", ""));
      }
      assertThat(shares.get(folder.resolve("books").toString())).as("step %d", step).isEqualTo(3);
    }
    Map<Long, Integer> books = read.get(folder.resolve("books").toString());
    Map<Long, Integer> web = read.get(folder.resolve("web").toString());
    long rowsOfBooks = rows("books");
    assertThat(books.values().stream().mapToInt(n -> n).sum()).isEqualTo(36);
    assertThat(books.values().stream().mapToInt(n -> n).max().getAsInt())
        .isLessThanOrEqualTo((int) Math.ceil(36.0 / rowsOfBooks));
    assertThat(web.values().stream().mapToInt(n -> n).sum()).isEqualTo(12);
    assertThat(whole)
        .contains(String.format("read of the datasets: %s %.2f times (75.00%% of the samples), %s %.2f times",
            folder.resolve("books"), 36.0 / rowsOfBooks, folder.resolve("web"), 12.0 / rows("web")));
  }

  @Test
  void aRunThatWasStoppedGoesOnToTheSameBits() throws IOException {
    String other = "{ dataset: " + folder.resolve("web") + ", weight: 1 }";
    Ended.well(pretrain("parts", other, "3", "cluster.kernels=plain", "train.stopAfter=5"));
    assertThat(weights(Ended.well(pretrain("parts", other, "3", "cluster.kernels=plain")))).isEqualTo(weights(whole));
    assertThat(Ended.refused(pretrain("parts", other, "2", "cluster.kernels=plain"))).contains("was started with");
  }

  @Test
  void documentsAreFoundInTheirDatasetAndTablesNameIt() throws IOException {
    JsonNode forget = lineage("--forget", "web.txt").path("forget").get(0);
    Set<Integer> steps = new HashSet<>();
    for (int step = 1; step <= STEPS; step++)
      if (lineage("--step", "" + step).findValues("file").stream().anyMatch(file -> file.asText().equals("web.txt")))
        steps.add(step);
    assertThat(forget.path("firstStep").asInt()).isEqualTo(steps.stream().min(Integer::compare).get());
    String id = lineage("--step", "4").path("sequences").findValues("document").get(0).asText();
    JsonNode seen = lineage("--document", id);
    assertThat(seen.path("datasets")).hasSize(1);
    assertThat(seen.path("steps").toString()).contains("4");
    lineage("--tables");
    try (Sessions.Opened spark = Sessions.open("test")) {
      List<Row> counts = spark.session().read().parquet(folder.resolve("whole/lineage/sequences").toString())
          .select("dataset", "step", "virtualRank", "sample").distinct().groupBy("dataset").count().orderBy("dataset")
          .collectAsList();
      assertThat(counts).extracting(row -> row.getLong(1)).containsExactly(36L, 12L);
      String run = folder.resolve("whole").toString();
      String columns = "SELECT DISTINCT step, dataset, row, document FROM parquet.`" + run;
      assertThat(spark.session().sql(columns + "/document-losses`").collectAsList()).hasSizeGreaterThan(48)
          .containsExactlyInAnyOrderElementsOf(
              spark.session().sql(columns + "/lineage/sequences` WHERE `end` > 1").collectAsList());
    }
  }

  @Test
  void aDatasetThatIsNoLongerWhereTheRunReadItIsToBePutThereAgain() throws IOException {
    Path web = folder.resolve("web");
    Path away = Files.move(web, folder.resolve("away"));
    String[] lineage = {"lineage", "--run", folder.resolve("whole").toString(), "--step", "1"};
    try {
      assertThat(Ended.refused(lineage))
          .contains("read a dataset in " + web + ", which is not there; put the run's dataset")
          .doesNotContain("--data", "run prep");
      Files.createDirectory(web);
      Files.copy(folder.resolve("books/dataset.json"), web.resolve("dataset.json"));
      assertThat(Ended.refused(lineage)).contains("is not what the run", "put the run's dataset there again")
          .doesNotContain("--data");
      Files.delete(web.resolve("dataset.json"));
      Files.delete(web);
    } finally {
      Files.move(away, web);
    }
  }

  @Test
  void whatCannotBeMixedIsRefused() throws IOException {
    prep("other", 10);
    assertThat(Ended.refused(pretrain("none", "{ dataset: " + folder.resolve("other") + ", weight: 1 }", "1")))
        .contains("cannot be mixed", "books", "other", "tokenizer");
    assertThat(Ended.refused(pretrain("none", folder.resolve("web").toString(), "1")))
        .contains("weight is given for some of the datasets");
    assertThat(
        Ended.refused(pretrain("none", "{ dataset: " + folder.resolve("web") + ", weight: 1 }", "1", "train.epochs=2")))
        .contains("train.epochs is 2; it must be left out where several datasets are mixed");
    assertThat(Ended.refused(pretrain("none", "{ dataset: " + folder.resolve("web") + ", weight: -1 }", "1")))
        .contains("weight is -1.0; it must be above 0");
  }

  private static void prep(String name, int lines, String... more) throws IOException {
    Path file = Greetings.write(folder.resolve(name + "-in"), name, lines);
    Ended.well(Greetings.prep(file, folder.resolve(name), more));
  }

  private static long rows(String dataset) throws IOException {
    return new ObjectMapper().readTree(folder.resolve(dataset + "/dataset.json").toFile()).path("training").path("rows")
        .asLong();
  }

  private static String[] pretrain(String run, String other, String weight, String... more) throws IOException {
    Path yaml = folder.resolve(run + ".yaml");
    Files.writeString(yaml, "data: { weight: " + weight + ", others: [ " + other + " ] }\n");
    String[] settings = Stream.concat(Stream.of("checkpoints.every=5"), Stream.of(more)).toArray(String[]::new);
    return Greetings
        .pretrain(Stream.of("pretrain", yaml.toString(), "--data", folder.resolve("books").toString(), "--out",
            folder.resolve(run).toString()), STEPS, settings);
  }

  private static String weights(String said) {
    return said.substring(said.indexOf(", weights ")).lines().findFirst().get();
  }

  private static JsonNode lineage(String... question) throws IOException {
    return Ended.lineage(folder.resolve("whole"), question);
  }
}
