package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A short demo, whole, as a user starts it: in one process, on executors, again. What needs a training alone is asked of the
 * verb {@code pretrain}, with the demo's model on the dataset that the demo has prepared.
 */
@Tag("slow")
class DemoTest {
  private static final int OLDEST = 17;
  private static final int NEWEST = 25;
  private static final String[] DEMO = {"--set", "train.steps=20", "--set", "train.precision=float32"};

  @TempDir
  static Path folder;
  static Path alone;
  static String aloneTrained;

  private static Launcher launcher() {
    return new Launcher(Launcher.ROOT.resolve("kindling"), folder);
  }

  /** @return the output folder of a demo of 20 steps that ended well */
  private static Path demo(String name, String... more) throws IOException, InterruptedException {
    Path out = folder.resolve(name);
    String[] arguments = Stream.of(Stream.of("demo", "--out", out.toString()), Stream.of(DEMO), Stream.of(more))
        .flatMap(part -> part).toArray(String[]::new);
    Launcher.Ended ended = launcher().run(arguments);
    assertThat(ended.code()).as(ended.out() + ended.err()).isZero();
    return out;
  }

  private static JsonNode summary(Path out) throws IOException {
    return new ObjectMapper().readTree(out.resolve("summary.json").toFile());
  }

  private static String weights(Path out) throws IOException {
    return summary(out).get("weightsSha256").asText();
  }

  /** Trains 6 steps in the folder of that name. @return the last line but the perplexity's, which ends with the hash */
  private static String pretrained(Launcher launcher, String name, String precision, String... more)
      throws IOException, InterruptedException {
    Path settings = Files.writeString(folder.resolve(name + ".yaml"), """
        dataset: %s
        run: %s
        train: {steps: 6, microBatch: 2, seed: 3, precision: %s}
        """.formatted(alone.resolve("data"), folder.resolve(name), precision));
    Launcher.Ended ended = launcher.run(Stream.concat(Stream.of("pretrain", settings.toString()), Stream.of(more))
        .toArray(String[]::new));
    assertThat(ended.code()).as(ended.out() + ended.err()).isZero();
    return ended.out().lines().filter(line -> line.matches(".* weights [0-9a-f]{64}")).findFirst().orElseThrow();
  }

  private static String hash(String line) {
    return line.substring(line.length() - 64);
  }

  @BeforeAll
  static void inOneProcess() throws Exception {
    alone = demo("a lone demo");
    aloneTrained = hash(pretrained(launcher(), "alone", "float32"));
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
    assertThat(summary.get("samples")).hasSizeGreaterThanOrEqualTo(5);
    assertThat(summary.get("sampledTokens").asInt()).isGreaterThanOrEqualTo(500);
    assertThat(summary.get("paths").elements()).toIterable()
        .allSatisfy(path -> assertThat(Path.of(path.asText())).exists());
    assertThat(summary.get("seconds").fieldNames()).toIterable().contains("data", "pretrain", "evaluate", "samples",
        "export");
    assertThat(alone.resolve("report.html")).content().contains("new uPlot(").contains("bigram");
  }

  @Test
  void aSecondRunDoesOnlyWhatIsMissing() throws Exception {
    String before = Files.readString(alone.resolve("stages/pretrain.json"));
    Path exported = alone.resolve("export/model-q8_0.gguf");
    byte[] bytes = Files.readAllBytes(exported);
    Files.delete(exported);
    demo("a lone demo");
    assertThat(alone.resolve("stages/pretrain.json")).hasContent(before);
    assertThat(exported).hasBinaryContent(bytes);
  }

  @Test
  void aDemoOnTwoExecutorsGivesTheSameWeights() throws Exception {
    Path out = demo("two executors", "--master", "local-cluster[2,1,2048]");
    assertThat(summary(out).get("ranks").asInt()).isEqualTo(2);
    assertThat(weights(out)).isEqualTo(weights(alone));
  }

  @Test
  void oneTwoAndThreeExecutorsGiveTheSameWeightsInEachPrecision() throws Exception {
    List<String> float32 = onOneTwoAndThreeExecutors("float32");
    List<String> bf16 = onOneTwoAndThreeExecutors("bf16");
    assertThat(float32).containsOnly(aloneTrained);
    assertThat(bf16).containsOnly(bf16.get(0)).doesNotContain(aloneTrained);
  }

  private static List<String> onOneTwoAndThreeExecutors(String precision) throws IOException, InterruptedException {
    List<String> weights = new ArrayList<>();
    for (int executors = 1; executors <= 3; executors++) {
      String ended = pretrained(launcher(), precision + " on " + executors, precision, "--master",
          "local-cluster[" + executors + ",1,2048]");
      assertThat(ended).contains(executors == 1 ? " on 1 rank," : " on " + executors + " ranks,");
      weights.add(hash(ended));
    }
    return weights;
  }

  @Test
  void aRunThatWasStoppedGoesOnToTheSameWeightsOnMoreExecutors() throws Exception {
    assertThat(pretrained(launcher(), "stopped", "float32", "--set", "train.stopAfter=3")).contains("stopped early");
    assertThat(hash(pretrained(launcher(), "stopped", "float32", "--master", "local-cluster[2,1,2048]")))
        .isEqualTo(aloneTrained);
  }

  /** Where no other JDK is installed, this one is compared with itself; the output says which were compared. */
  @Test
  void anotherJdkGivesTheSameWeights() throws Exception {
    Path own = Path.of(System.getProperty("java.home"));
    Path other = otherJdk(own);
    System.out.println("the weights of JDK " + feature(own) + " are compared with those of JDK " + feature(other)
        + (feature(own) == feature(other) ? ": no other JDK that Spark runs on is installed" : ""));
    String ended = pretrained(launcher().with("JAVA_HOME", other.toString()), "other JDK", "float32");
    assertThat(hash(ended)).isEqualTo(aloneTrained);
  }

  /** The newest JDK of another version than this one's that Spark runs on; this one where there is none. */
  private static Path otherJdk(Path own) throws IOException {
    Path installed = Path.of("/usr/lib/jvm");
    if (!Files.isDirectory(installed)) return own;
    try (Stream<Path> homes = Files.list(installed)) {
      return homes.filter(home -> feature(home) >= OLDEST && feature(home) <= NEWEST && feature(home) != feature(own))
          .filter(home -> Files.isExecutable(home.resolve("bin/java")))
          .max(Comparator.comparingInt(DemoTest::feature)).orElse(own);
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
