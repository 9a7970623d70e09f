package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A dataset that is added to while runs are under way that read its first version. */
@Timeout(180)
class DatasetVersionsTest {
  @TempDir
  static Path folder;
  private static String whole;                         // weights of the run that was done before anything was added
  private static JsonNode firstLineage;

  @BeforeAll
  static void addBetweenTwoHalvesOfARun() throws IOException {
    write("a", 30);
    prep();
    whole = weights(pretrain("whole"));
    firstLineage = lineage("whole", "--step", "5");
    pretrain("parts", "train.stopAfter=4");
    write("b", 30);
    assertThat(prep()).contains("Adding 1 new file", "version 2 of ",
        folder.getFileName() + "/data/versions/0002/prep-report.html");
  }

  @Test
  void aRunGoesOnWithTheVersionThatItBeganWithToTheSameBits() throws IOException {
    String said = pretrain("parts");
    assertThat(said).contains("reads version 1 of the dataset in ", "the newest is 2, which a new run reads");
    assertThat(weights(said)).isEqualTo(whole);
    assertThat(lineage("parts", "--step", "5").path("sequences")).isEqualTo(firstLineage.path("sequences"));
  }

  @Test
  void aNewRunReadsTheNewestVersionUnlessItIsToldOtherwise() throws IOException {
    assertThat(weights(pretrain("first", "data.version=1"))).isEqualTo(whole);
    String said = pretrain("newest");
    assertThat(said).doesNotContain("reads version");
    assertThat(weights(said)).isNotEqualTo(whole);
    Set<String> files = new TreeSet<>();
    for (int step = 1; step <= 8; step++)
      lineage("newest", "--step", "" + step).findValues("file").forEach(file -> files.add(file.asText()));
    assertThat(files).containsExactly("a.txt", "b.txt");
    JsonNode forget = lineage("newest", "--forget", "b.txt");
    assertThat(forget.path("forget").get(0).path("documents").asInt()).isBetween(15, 30);
    Set<String> pinned = new HashSet<>();
    lineage("first", "--step", "8").findValues("file").forEach(file -> pinned.add(file.asText()));
    assertThat(pinned).containsExactly("a.txt");
    assertThat(refused("lineage", "--run", folder.resolve("first").toString(), "--forget", "b.txt"))
        .contains("has no document and no file 'b.txt'");
  }

  @Test
  void aVersionThatIsNotThereIsRefused() {
    assertThat(refused(pretrainArguments("none", "data.version=3"))).contains("data.version is 3; it must be 1 to 2");
  }

  @Test
  void inspectTellsTheVersion() {
    assertThat(ends("inspect", folder.resolve("data").toString())).contains("version        2, which added ");
  }

  private static void write(String name, int lines) throws IOException {
    Files.createDirectories(folder.resolve("corpus"));
    Files.writeString(folder.resolve("corpus/" + name + ".txt"), IntStream.range(0, lines)
        .mapToObj(i -> name + i + " greetings from the year " + (1790 + i) + " and from " + name + "\n")
        .collect(Collectors.joining()));
  }

  private static String prep() {
    return ends("prep", "--in", folder.resolve("corpus").toString(), "--out", folder.resolve("data").toString(),
        "--set",
        "format=lines", "--set", "vocabularySize=280", "--set", "sequenceLength=16", "--set", "heldOutPercent=20",
        "--set", "dedup.exact=true");
  }

  private static String pretrain(String run, String... more) {
    return ends(pretrainArguments(run, more));
  }

  private static String[] pretrainArguments(String run, String... more) {
    Stream<String> usual = Stream.of("model.layers=1", "model.width=16", "model.heads=2", "train.steps=8",
        "train.virtualRanks=2", "train.microBatch=2", "checkpoints.every=2", "checkpoints.keepLast=9",
        "cluster.kernels=plain");
    Stream<String> settings = Stream.concat(usual, Stream.of(more)).flatMap(setting -> Stream.of("--set", setting));
    return Stream.concat(Stream.of("pretrain", "--data", folder.resolve("data").toString(), "--out",
        folder.resolve(run).toString()), settings).toArray(String[]::new);
  }

  private static String weights(String said) {
    List<String> found = said.lines().filter(line -> line.contains(", weights ")).toList();
    assertThat(found).hasSize(1);
    return found.get(0).substring(found.get(0).indexOf(", weights "));
  }

  private static JsonNode lineage(String run, String... question) throws IOException {
    return new ObjectMapper().readTree(ends(Stream.concat(
        Stream.of("lineage", "--run", folder.resolve(run).toString(), "--json"), Stream.of(question))
        .toArray(String[]::new)));
  }

  private static String ends(String... arguments) {
    Ended ended = Ended.of(arguments);
    assertThat(ended.code()).as(ended.err()).isZero();
    return ended.out();
  }

  private static String refused(String... arguments) {
    Ended ended = Ended.of(arguments);
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err().lines()).hasSize(1);
    return ended.err();
  }
}
