package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
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
    Greetings.write(folder.resolve("corpus"), "a", 30);
    prep();
    whole = weights(pretrain("whole"));
    firstLineage = lineage("whole", "--step", "5");
    pretrain("parts", "train.stopAfter=4");
    Greetings.write(folder.resolve("corpus"), "b", 30);
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
    assertThat(Ended.refused("lineage", "--run", folder.resolve("first").toString(), "--forget", "b.txt"))
        .contains("version 1 of the dataset in ").contains("has no document and no file 'b.txt'");
  }

  @Test
  void aVersionThatIsNotThereIsRefused() {
    assertThat(Ended.refused(pretrainArguments("none", "data.version=3")))
        .contains("data.version is 3; it must be 1 to 2");
  }

  @Test
  void inspectTellsTheVersion() {
    assertThat(Ended.well("inspect", folder.resolve("data").toString())).contains("version        2, which added ");
  }

  private static String prep() {
    return Ended.well(Greetings.prep(folder.resolve("corpus"), folder.resolve("data"), "dedup.exact=true"));
  }

  private static String pretrain(String run, String... more) {
    return Ended.well(pretrainArguments(run, more));
  }

  private static String[] pretrainArguments(String run, String... more) {
    String[] settings = Stream.concat(
        Stream.of("checkpoints.every=2", "checkpoints.keepLast=9", "cluster.kernels=plain"), Stream.of(more))
        .toArray(String[]::new);
    return Greetings.pretrain(Stream.of("pretrain", "--data", folder.resolve("data").toString(), "--out",
        folder.resolve(run).toString()), 8, settings);
  }

  private static String weights(String said) {
    List<String> found = said.lines().filter(line -> line.contains(", weights ")).toList();
    assertThat(found).hasSize(1);
    return found.get(0).substring(found.get(0).indexOf(", weights "));
  }

  private static JsonNode lineage(String run, String... question) throws IOException {
    return Ended.lineage(folder.resolve(run), question);
  }
}
