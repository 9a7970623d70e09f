package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kindling.data.clean.Normalizer;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.jobs.lineage.LineageTables;
import dev.kindling.jobs.lineage.TracedRun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A run of 8 steps and 4 checkpoints over two files of lines, of which a fifth is held out. */
@Timeout(180)
class LineageTest {
  private static final Configuration CONF = new Configuration();
  private static final int STEPS = 8;
  @TempDir
  static Path folder;
  private static Path data, run;
  private static SortedMap<String, List<Long>> read;     // the steps that read each document, by asking every step

  @BeforeAll
  static void train() throws IOException {
    Path corpus = Files.createDirectories(folder.resolve("corpus"));
    for (String name : List.of("a", "b"))
      Files.writeString(corpus.resolve(name + ".txt"), IntStream.range(0, 30)
          .mapToObj(i -> name + i + " 日本 \uD83D\uDE00 Grüße aus dem Jahr " + (1790 + i) + "!\n")
          .collect(Collectors.joining()));
    data = folder.resolve("data");
    run = folder.resolve("run");
    Ended.well("prep", "--in", corpus.toString(), "--out", data.toString(), "--set", "format=lines", "--set",
        "vocabularySize=280", "--set", "sequenceLength=16", "--set", "heldOutPercent=20");
    Ended.well("pretrain", "--data", data.toString(), "--out", run.toString(), "--set", "model.layers=1", "--set",
        "model.width=16", "--set", "model.heads=2", "--set", "train.steps=" + STEPS, "--set", "train.virtualRanks=2",
        "--set", "train.microBatch=2", "--set", "checkpoints.every=2", "--set", "checkpoints.keepLast=9", "--set",
        "cluster.kernels=plain");
    read = askEveryStep();
  }

  private static JsonNode lineage(String... question) throws IOException {
    return Ended.lineage(run, question);
  }

  @Test
  void aStepNamesTheCharactersOfTheFilesThatItsTokensAre() throws IOException {
    Tokenizer tokenizer = Tokenizer.load(CONF, new org.apache.hadoop.fs.Path(data.toString()));
    PackedDataset rows = PackedDataset.open(CONF, new org.apache.hadoop.fs.Path(data.toString()));
    JsonNode step = lineage("--step", "3");
    assertThat(step.path("sequences")).hasSize(4);
    for (JsonNode sequence : step.path("sequences")) {
      int[] tokens = rows.tokens(sequence.path("row").asLong());
      int next = -1;
      for (JsonNode each : sequence.path("documents")) {
        int start = each.path("start").asInt(), end = each.path("end").asInt();
        assertThat(start).isEqualTo(next < 0 ? start : next);
        next = end;
        byte[] file = Files.readAllBytes(folder.resolve("corpus/" + each.path("file").asText()));
        int from = each.path("position").asInt(), to = from;
        while (file[to] != '\n') to++;
        String text = Normalizer.normalize(new String(file, from, to - from, StandardCharsets.UTF_8));
        int[] codePoints = text.codePoints().toArray();
        int character = each.path("character").asInt();
        String named = new String(codePoints, character, each.path("characterEnd").asInt() - character);
        String decoded = tokenizer.decode(Arrays.stream(tokens, start, end).filter(id -> id != tokenizer.endOfText())
            .toArray());
        String whole = decoded.replaceAll("^\uFFFD+|\uFFFD+$", "");
        assertThat(named).contains(whole);
        assertThat(named.codePointCount(0, named.length()) - whole.codePointCount(0, whole.length())).isBetween(0, 2);
      }
    }
    assertThat(Ended.well("lineage", "--run", run.toString(), "--step", "3")).contains("step 3 of ",
        ": 4 sequences of ",
        "virtual rank 1, sample 1: row ", "(training/part-00000.parquet)", ".txt@", ", characters ");
    assertThat(Ended.well("lineage", "--run", run.toString(), "--step", "99"))
        .contains("the newest checkpoint is of step 8");
  }

  private static SortedMap<String, List<Long>> askEveryStep() throws IOException {
    SortedMap<String, List<Long>> steps = new TreeMap<>();
    for (long step = 1; step <= STEPS; step++) {
      Set<String> there = new HashSet<>();
      for (JsonNode name : lineage("--step", "" + step).findValues("document")) there.add(name.asText());
      for (String name : there)
        steps.merge(name, List.of(step), (a, b) -> Stream.of(a, b).flatMap(List::stream).toList());
    }
    return steps;
  }

  private static List<Long> steps(JsonNode checkpoints) {
    return StreamSupport.stream(checkpoints.spliterator(), false).map(c -> c.path("step").asLong()).toList();
  }

  private static List<Long> saved(long from) {
    return LongStream.of(2, 4, 6, 8).filter(step -> step >= from).boxed().toList();
  }

  @Test
  void documentsAndFilesNameTheStepsAndCheckpointsThatSawThem() throws IOException {
    String late = read.entrySet().stream().max(Map.Entry.comparingByValue((a, b) -> Long.compare(a.get(0), b.get(0))))
        .orElseThrow().getKey();
    JsonNode seen = lineage("--document", late);
    assertThat(StreamSupport.stream(seen.path("steps").spliterator(), false).map(JsonNode::asLong))
        .isEqualTo(read.get(late));
    assertThat(steps(seen.path("checkpoints"))).isEqualTo(saved(read.get(late).get(0)));
    JsonNode forget = lineage("--forget", late, "a.txt");
    long firstOfFile = read.entrySet().stream().filter(e -> e.getKey().startsWith("a.txt@")).map(Map.Entry::getValue)
        .flatMap(Collection::stream).mapToLong(Long::longValue).min().orElseThrow();
    assertThat(forget.at("/forget/0/firstStep").asLong()).isEqualTo(read.get(late).get(0));
    assertThat(forget.at("/forget/1/firstStep").asLong()).isEqualTo(firstOfFile);
    long first = Math.min(firstOfFile, read.get(late).get(0));
    assertThat(steps(forget.path("affected"))).isEqualTo(saved(first));
    long documents = lineage("--forget", "a.txt").at("/forget/0/documents").asLong();
    String ofFile = read.keySet().stream().filter(id -> id.startsWith("a.txt@")).findFirst().orElseThrow();
    JsonNode several = lineage("--forget", ofFile, "a.txt", "corpus: a.txt", "corpus: " + ofFile).path("forget");
    assertThat(several).extracting(name -> name.path("documents").asLong())
        .containsExactly(1L, documents, documents, 1L);
    JsonNode clean = lineage("--forget", late).path("newestClean");
    assertThat(clean.path("step").asLong()).isEqualTo((read.get(late).get(0) - 1) / 2 * 2);
    assertThat(Ended.well("lineage", "--run", run.toString(), "--forget", late)).contains(
        late + ": 1 document, first read in step ",
        "affected checkpoints:", "newest clean checkpoint: step ");
  }

  @Test
  void theTablesTellTheSameOfEveryStep() throws IOException {
    assertThat(lineage("--tables").path("steps").asLong()).isEqualTo(STEPS);
    lineage("--tables");                                     // replaces them
    try (Sessions.Opened spark = Sessions.open("test")) {
      List<Row> rows = spark.session()
          .sql("SELECT document, step, file, position, virtualRank, sample, row, start, end,"
              + " offset, character, source FROM parquet.`" + run + "/lineage/sequences`")
          .collectAsList();
      SortedMap<String, Set<Long>> told = new TreeMap<>();
      for (Row row : rows) {
        told.computeIfAbsent(row.getString(0), name -> new HashSet<>()).add(row.getLong(1));
        assertThat(row.getString(0)).isEqualTo(row.getString(2) + "@" + row.getLong(3));
      }
      assertThat(told.keySet()).isEqualTo(read.keySet());
      told.forEach((name, steps) -> assertThat(steps).containsExactlyInAnyOrderElementsOf(read.get(name)));
      assertThat(spark.session().sql("SELECT step FROM parquet.`" + run + "/lineage/checkpoints` ORDER BY step")
          .collectAsList().stream().map(row -> row.getLong(0))).containsExactly(2L, 4L, 6L, 8L);
    }
    try (Stream<Path> left = Files.list(run)) {
      assertThat(left.map(path -> path.getFileName().toString())).noneMatch(name -> name.startsWith("_"));
    }
  }

  @Test
  void tablesThatAreWrittenAtTheSameTimeDoNotDisturbEachOther() throws Exception {
    TracedRun traced = TracedRun.open(CONF, new org.apache.hadoop.fs.Path(run.toString()), Optional.empty());
    Path forgotten = Files.createDirectories(run.resolve("_lineage.of-a-killed-call")), file = forgotten.resolve("x");
    Files.setLastModifiedTime(Files.writeString(file, "x"), FileTime.from(Instant.now().minus(2, ChronoUnit.DAYS)));
    ExecutorService calls = Executors.newFixedThreadPool(3);
    try (Sessions.Opened spark = Sessions.open("test")) {
      List<Future<?>> results = new ArrayList<>();
      for (int i = 0; i < 6; i++)
        results.add(calls.submit(() -> new LineageTables(spark.session(), traced).write()));
      for (Future<?> result : results) result.get(60, TimeUnit.SECONDS);
      assertThat(spark.session().read().parquet(run + "/lineage/sequences").select("step").distinct().count())
          .isEqualTo(STEPS);
    } finally {
      calls.shutdownNow();
    }
    try (Stream<Path> left = Files.list(run.resolve("lineage"))) {
      assertThat(left.map(path -> path.getFileName().toString())).containsExactlyInAnyOrder("sequences", "checkpoints");
    }
    try (Stream<Path> left = Files.list(run)) {
      assertThat(left.map(path -> path.getFileName().toString())).noneMatch(name -> name.startsWith("_"));
    }
  }

  @Test
  void theDatasetsTableOfDocumentsTellsWhereTheyAreFrom() throws IOException {
    Path copy = folder.resolve("copy");
    try (Sessions.Opened spark = Sessions.open("test"); Stream<Path> all = Files.walk(data)) {
      for (Path from : all.filter(path -> !path.startsWith(data.resolve("documents"))).toList())
        Files.copy(from, copy.resolve(data.relativize(from).toString()));
      for (JsonNode each : lineage("--step", "1", "--data", copy.toString()).findValue("documents"))     // as of old
        assertThat(each.path("document").asText())
            .isEqualTo(each.path("file").asText() + "@" + each.path("position").asLong());
      spark.session().read().parquet(data + "/training").selectExpr("explode(spans.document) AS id").distinct()
          .selectExpr("id", "'web' AS source", "concat('part-', substr(id, 1, 1), '.parquet') AS file",
              "77L AS position",
              "20 AS characters", "9 AS tokens", "false AS heldOut")
          .write().parquet(copy + "/documents");
    }
    for (JsonNode each : lineage("--step", "1", "--data", copy.toString()).findValue("documents")) {
      assertThat(each.path("source").asText()).isEqualTo("web");
      assertThat(each.path("file").asText()).isEqualTo("part-" + each.path("document").asText().charAt(0) + ".parquet");
      assertThat(each.path("position").asLong()).isEqualTo(77);
    }
    JsonNode byTable = lineage("--forget", "part-a.parquet", "--data", copy.toString());
    JsonNode byId = lineage("--forget", "a.txt");
    assertThat(byTable.at("/forget/0/documents").asLong()).isEqualTo(byId.at("/forget/0/documents").asLong())
        .isPositive();
    assertThat(byTable.path("affected")).isEqualTo(byId.path("affected"));
  }

  @Test
  void whatCannotBeToldIsOneLine() throws IOException {
    assertThat(Ended.refused("lineage", "--run", data.toString(), "--step", "1")).contains("holds no checkpoint");
    assertThat(Ended.refused("lineage", "--run", run.toString(), "--step", "0")).contains("--step is 0");
    assertThat(Ended.refused("lineage", "--run", run.toString())).contains("--step", "--document", "--forget");
    assertThat(Ended.refused("lineage", "--run", run.toString(), "--document", "c.txt@0"))
        .contains("has no document and no file 'c.txt@0'");
    Path other = Files.createDirectories(folder.resolve("other"));
    Files.writeString(other.resolve("dataset.json"), Files.readString(data.resolve("dataset.json"))
        .replaceFirst("\"fingerprint\" : \"....", "\"fingerprint\" : \"abcd"));
    assertThat(Ended.refused("lineage", "--run", run.toString(), "--step", "1", "--data", other.toString()))
        .contains("is not what the run in " + run + " was trained on: its fingerprint is abcd");
  }
}
