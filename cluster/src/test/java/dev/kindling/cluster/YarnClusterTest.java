package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.server.MiniYARNCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real YARN, to which {@code cluster/yarn/submit} gives trainings whose drivers run in its containers. */
@Tag("slow")
@Timeout(300)
class YarnClusterTest {
  @TempDir
  static Path folder;
  private static MiniYARNCluster yarn;

  @BeforeAll
  static void start() throws Exception {
    YarnConfiguration conf = new YarnConfiguration();
    conf.setInt("yarn.nodemanager.resource.memory-mb", 8192);
    conf.setInt("yarn.nodemanager.resource.cpu-vcores", 4);
    conf.setInt("yarn.scheduler.minimum-allocation-mb", 256);
    conf.set("yarn.scheduler.capacity.maximum-am-resource-percent", "0.8");
    conf.set("yarn.resourcemanager.scheduler.class",
        "org.apache.hadoop.yarn.server.resourcemanager.scheduler.fifo.FifoScheduler");
    conf.set("yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage", "99.5");
    conf.set("yarn.application.classpath", "");
    conf.setBoolean("yarn.nodemanager.vmem-check-enabled", false);     // a JVM reserves far more addresses than it uses
    yarn = new MiniYARNCluster("kindling", 1, 1, 1);
    yarn.init(conf);
    yarn.start();
    assertThat(yarn.waitForNodeManagersToConnect(60_000)).isTrue();
    Path site = Files.createDirectories(folder.resolve("hadoop"));
    try (OutputStream out = Files.newOutputStream(site.resolve("yarn-site.xml"))) {
      yarn.getConfig().writeXml(out);
    }
    Configuration core = new Configuration(false);
    core.set("fs.defaultFS", "file:///");
    try (OutputStream out = Files.newOutputStream(site.resolve("core-site.xml"))) {
      core.writeXml(out);
    }
    prepare();
  }

  @AfterAll
  static void stop() {
    if (yarn != null) yarn.stop();
  }

  private static void prepare() throws Exception {
    String documents = IntStream.range(0, 120)
        .mapToObj(i -> "{\"id\":\"" + i + "\",\"text\":\"Fellow citizens, year " + i
            + " was good, and year " + (i + 1) + " will be better than the " + i + " before it.\"}\n")
        .collect(Collectors.joining());
    Path corpus = Files.writeString(folder.resolve("corpus.jsonl"), documents);
    Launcher.Ended prepared = kindling("kindling", "prep", "--in", corpus.toString(), "--out", data(), "--set",
        "vocabularySize=280", "--set", "sequenceLength=16", "--set", "heldOutPercent=10", "--master", "local[1]");
    assertThat(prepared.code()).as(prepared.err()).isZero();
  }

  private static String data() {
    return folder.resolve("data").toString();
  }

  private static Launcher.Ended kindling(String script, String... arguments) throws IOException, InterruptedException {
    return new Launcher(Launcher.ROOT.resolve(script), folder).with("KINDLING_MEMORY", "700m")
        .with("SPARK_LOCAL_IP", "127.0.0.1")
        .with("SPARK_LOCAL_HOSTNAME", "127.0.0.1").with("HADOOP_CONF_DIR", folder.resolve("hadoop").toString())
        .run(arguments);
  }

  /** The settings file of a run, on this machine only. */
  private static Path settings(String run, String train) throws IOException {
    return Files.writeString(folder.resolve(run + ".yaml"), """
        dataset: %s
        run: %s
        model: {layers: 2, heads: 2, width: 32}
        train: %s
        checkpoints: {every: 10, keepLast: 3}
        cluster: {kernels: plain}
        """.formatted(data(), folder.resolve(run), train));
  }

  private static Launcher.Ended submit(Path settings) throws IOException, InterruptedException {
    String java = System.getProperty("java.home");
    return kindling("cluster/yarn/submit", "pretrain", settings.toString(), "--", "--executor-cores", "1",
        "--executor-memory", "1g", "--conf", "spark.executor.memoryOverhead=1g", "--conf",
        "spark.driver.memoryOverhead=512m", "--conf",
        "spark.yarn.jars=local:" + Launcher.ROOT.resolve("cluster/target/spark-home/jars") + "/*", "--conf",
        "spark.yarn.stagingDir=" + folder.resolve("staging").toUri(), "--conf",
        "spark.yarn.appMasterEnv.JAVA_HOME=" + java, "--conf", "spark.executorEnv.JAVA_HOME=" + java, "--conf",
        "spark.yarn.appMasterEnv.SPARK_LOCAL_IP=127.0.0.1", "--conf", "spark.executorEnv.SPARK_LOCAL_IP=127.0.0.1",
        "--conf", "spark.yarn.appMasterEnv.SPARK_LOCAL_HOSTNAME=127.0.0.1", "--conf",
        "spark.executorEnv.SPARK_LOCAL_HOSTNAME=127.0.0.1", "--conf", "spark.ui.enabled=false");
  }

  /** The hash in the newest manifest of a run. */
  private static String weights(String run) throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve(run))) {
      Path newest = files.filter(f -> f.endsWith("manifest.json"))
          .max(Comparator.comparing(f -> f.getParent().getFileName().toString())).orElseThrow();
      JsonNode manifest = new ObjectMapper().readTree(newest.toFile());
      return manifest.get("weightsSha256").asText();
    }
  }

  /** Whether a checkpoint is there. */
  private static boolean committed(String run) {
    try (Stream<Path> steps = Files.list(folder.resolve(run))) {
      return steps.anyMatch(step -> Files.exists(step.resolve("manifest.json")));
    } catch (IOException e) {
      return false;                              // the run has not begun
    }
  }

  /** The JVM of an executor of this test's YARN; its command is longer than what the JDK tells of a process. */
  private static Optional<ProcessHandle> executor() {
    return ProcessHandle.allProcesses().filter(process -> {
      String command = command(process);
      return command.contains("YarnCoarseGrainedExecutorBackend") && command.contains("kindling-logDir-nm")
          && command.substring(0, command.indexOf('\0')).endsWith("/java");
    }).findFirst();
  }

  private static String command(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return "";                                 // it has ended, or is not ours
    }
  }

  @Test
  void aRunThatLosesAnExecutorEndsWithTheWeightsOfOneProcess() throws Exception {
    String train = "{steps: 300, precision: float32, logEvery: 50}";
    Launcher.Ended alone = kindling("kindling", "pretrain", settings("alone", train).toString(), "--master",
        "local[1]");
    assertThat(alone.code()).as(alone.err()).isZero();
    CompletableFuture<Boolean> killed = CompletableFuture.supplyAsync(() -> {
      while (!committed("lost")) {
        try {
          Thread.sleep(20);
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
      return executor().map(ProcessHandle::destroyForcibly).orElse(false);
    });
    Launcher.Ended lost = submit(settings("lost", train));
    assertThat(lost.code()).as(lost.err()).isZero();
    assertThat(killed).isCompletedWithValue(true);
    assertThat(weights("lost")).isEqualTo(weights("alone"));
    try (Stream<Path> attempts = Files.list(folder.resolve("lost"))) {
      assertThat(attempts.filter(f -> f.getFileName().toString().startsWith("attempt-"))).hasSizeGreaterThan(1);
    }
  }

  @Test
  void whatTheDriverEndedWithReachesTheShellThatSubmittedIt() throws Exception {
    Launcher.Ended ended = submit(settings("wrong", "{stesp: 300}"));
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err().lines().reduce((a, b) -> b).orElse(""))
        .startsWith("kindling: wrong.yaml:4: train.stesp is not a setting; did you mean steps?");
  }
}
