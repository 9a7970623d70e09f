package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A short demo, whole, as a user starts it: on one process, on executors, on the newest JDK, interrupted. */
@Tag("slow")
class DemoTest {
  private static final int NEWEST = 25;

  @TempDir
  static Path folder;
  static Path alone;

  private static Launcher launcher() {
    return new Launcher(Launcher.ROOT.resolve("kindling"), folder);
  }

  /** @return the output folder of a demo of 20 steps that ended well */
  private static Path demo(Launcher launcher, String name, String... more) throws IOException, InterruptedException {
    Path out = folder.resolve(name);
    String[] arguments = Stream
        .concat(Stream.of("demo", "--out", out.toString(), "--set", "train.steps=20"), Stream.of(more))
        .toArray(String[]::new);
    Launcher.Ended ended = launcher.run(arguments);
    assertThat(ended.code()).as(ended.out() + ended.err()).isZero();
    return out;
  }

  private static JsonNode summary(Path out) throws IOException {
    return new ObjectMapper().readTree(out.resolve("summary.json").toFile());
  }

  private static String weights(Path out) throws IOException {
    return summary(out).get("weightsSha256").asText();
  }

  @BeforeAll
  static void aDemoInThisProcess() throws Exception {
    alone = demo(launcher(), "a lone demo", "--set", "train.precision=float32");
  }

  @Test
  void theSummaryAndAllThatItNamesAreThere() throws IOException {
    JsonNode summary = summary(alone);
    assertThat(summary.get("validationPerplexity").asDouble()).isBetween(1.0, 2048.0);
    assertThat(summary.get("fiveGramPerplexity").asDouble()).isLessThan(summary.get("bigramPerplexity").asDouble());
    assertThat(summary.get("bigramPerplexity").asDouble()).isLessThan(summary.get("unigramPerplexity").asDouble());
    assertThat(summary.get("ranks").asInt()).isEqualTo(1);
    assertThat(summary.get("steps").asInt()).isEqualTo(20);
    assertThat(summary.get("tokensPerSecond").asDouble()).isPositive();
    assertThat(summary.get("weightsSha256").asText()).matches("[0-9a-f]{64}");
    assertThat(summary.get("samples")).hasSize(5);
    assertThat(summary.get("paths").elements()).toIterable()
        .allSatisfy(path -> assertThat(Path.of(path.asText())).exists());
    assertThat(summary.get("seconds").fieldNames()).toIterable().contains("data", "pretrain", "evaluate", "samples",
        "export");
    assertThat(alone.resolve("report.html")).content().contains("new uPlot(").contains("bigram");
  }

  @Test
  void aSecondRunDoesNothingAgain() throws Exception {
    String before = Files.readString(alone.resolve("stages/pretrain.json"));
    demo(launcher(), "a lone demo", "--set", "train.precision=float32");
    assertThat(alone.resolve("stages/pretrain.json")).hasContent(before);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void anyNumberOfExecutorsGivesTheSameWeights(int executors) throws Exception {
    Path out = demo(launcher(), executors + " executors", "--set", "train.precision=float32", "--master",
        "local-cluster[" + executors + ",1,2048]");
    assertThat(summary(out).get("ranks").asInt()).isEqualTo(executors);
    assertThat(weights(out)).isEqualTo(weights(alone));
  }

  @Test
  void aRunThatWasStoppedGoesOnToTheSameWeightsOnMoreExecutors() throws Exception {
    Path data = alone.resolve("data");
    Path run = folder.resolve("run");
    Path settings = Files.writeString(folder.resolve("pretrain.yaml"), """
        dataset: %s
        run: %s
        train: {steps: 12, seed: 3, precision: float32}
        """.formatted(data, run));
    Launcher.Ended stopped = launcher().run("pretrain", settings.toString(), "--set", "train.stopAfter=5");
    assertThat(stopped.code()).as(stopped.err()).isZero();
    Launcher.Ended resumed = launcher().run("pretrain", settings.toString(), "--master", "local-cluster[2,1,2048]");
    assertThat(resumed.code()).as(resumed.err()).isZero();
    Launcher.Ended whole = launcher().run("pretrain", settings.toString(), "--out", folder.resolve("whole").toString());
    assertThat(whole.code()).as(whole.err()).isZero();
    assertThat(hash(resumed.out())).isEqualTo(hash(whole.out()));
  }

  private static String hash(String out) {
    return Stream.of(out.split("\\s+")).filter(word -> word.matches("[0-9a-f]{64}")).reduce((a, b) -> b).orElseThrow();
  }

  /** The newest JDK of this machine that Spark runs on: at least the one that runs this test. */
  @Test
  void theNewestJdkGivesTheSameWeights() throws Exception {
    Path out = demo(launcher().with("JAVA_HOME", newestJdk().toString()), "newest JDK", "--set",
        "train.precision=float32");
    assertThat(weights(out)).isEqualTo(weights(alone));
  }

  private static Path newestJdk() throws IOException {
    Path own = Path.of(System.getProperty("java.home"));
    Path installed = Path.of("/usr/lib/jvm");
    if (!Files.isDirectory(installed)) return own;
    try (Stream<Path> homes = Files.list(installed)) {
      List<Path> usable = Stream.concat(homes, Stream.of(own)).filter(home -> feature(home) <= NEWEST).toList();
      return usable.stream().max(Comparator.comparingInt(DemoTest::feature)).orElse(own);
    }
  }

  /** The major version that a JDK's release file says; 0 where it says none. */
  private static int feature(Path home) {
    try {
      return Files.readAllLines(home.resolve("release")).stream().filter(line -> line.startsWith("JAVA_VERSION=\""))
          .mapToInt(line -> Integer.parseInt(line.substring(14).split("[^0-9]", 2)[0])).findFirst().orElse(0);
    } catch (IOException | NumberFormatException e) {
      return 0;
    }
  }
}
