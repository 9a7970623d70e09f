package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Driver and executors that have no ticket of their own, only a delegation token, as YARN's containers have, on an HDFS that is
 * secured by Kerberos. The token lasts 8 seconds from when it was last renewed; the run takes longer than that.
 */
@Tag("slow")
@Timeout(240)
class SecuredHdfsTest {
  @TempDir
  static Path folder;
  private static Process hdfs;
  private static BufferedReader said;
  private static PrintWriter orders;
  private static String alone;

  @BeforeAll
  static void start() throws Exception {
    String dataset = TinyDataset.write(folder.resolve("data"), 50, 20, 0);
    Ended plain = process(List.of("-Dspark.master=local[1]", "-cp", classPath()), Map.of(),
        pretrain(dataset, folder.resolve("alone").toString()), line -> {});
    alone = plain.weights();
    List<String> command = java("-Xmx700m", "-cp", classPath(), SecuredHdfs.class.getName(), folder.toString(),
        dataset);
    hdfs = new ProcessBuilder(command).redirectError(folder.resolve("hdfs.log").toFile()).start();
    said = hdfs.inputReader();
    orders = new PrintWriter(hdfs.outputWriter(), true);
    await("ready");
    Files.writeString(folder.resolve("slow"), "200");
  }

  @AfterAll
  static void stop() throws Exception {
    if (hdfs == null) return;
    orders.close();                              // it ends with its standard input
    if (!hdfs.waitFor(20, TimeUnit.SECONDS)) hdfs.destroyForcibly();
  }

  private static void await(String word) {
    try {
      for (String line = said.readLine(); line != null; line = said.readLine()) if (line.equals(word)) return;
      throw new IOException("HDFS ended: " + Files.readString(folder.resolve("hdfs.log")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void order(String what) {
    orders.println(what);
    await("done");
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  private static List<String> java(String... arguments) {
    return Stream.of(Stream.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()),
        Arrays.stream(System.getProperty("kindling.jvm.flags").split("\\s+")), Stream.of(arguments))
        .flatMap(each -> each).toList();
  }

  private record Ended(int code, List<String> lines) {
    String weights() {
      assertThat(code).as(String.join("\n", lines)).isZero();
      String line = lines.stream().filter(l -> l.contains(", weights ")).findFirst().orElseThrow();
      return line.substring(line.lastIndexOf(' ') + 1);
    }
  }

  private static List<String> pretrain(String dataset, String run) {
    List<String> verb = new ArrayList<>(List.of("pretrain", "--data", dataset, "--out", run));
    for (String setting : List.of("model.layers=2", "model.heads=2", "model.width=32", "train.steps=40",
        "train.precision=float32", "train.logEvery=1", "cluster.kernels=plain", "cluster.retries=1",
        "cluster.waitSeconds=20", "checkpoints.every=3", "checkpoints.keepLast=20")) {
      verb.addAll(List.of("--set", setting));
    }
    return verb;
  }

  /** @param heard of every line of its output */
  private static Ended process(List<String> flags, Map<String, String> environment, List<String> verb,
      Consumer<String> heard) throws Exception {
    List<String> command = new ArrayList<>(java("-Xmx600m", "-Dspark.ui.enabled=false", "-Dspark.driver.host=127.0.0.1",
        "-Dspark.driver.bindAddress=127.0.0.1"));
    command.addAll(flags);
    command.add("dev.kindling.jobs.command.Kindling");
    command.addAll(verb);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.start();
    List<String> lines = process.inputReader().lines().peek(heard).toList();
    process.waitFor(60, TimeUnit.SECONDS);
    return new Ended(process.exitValue(), lines);
  }

  private static Ended secured(List<String> verb) throws Exception {
    return secured(verb, line -> {});
  }

  /** With two executors and a token of their own. */
  private static Ended secured(List<String> verb, Consumer<String> heard) throws Exception {
    Path token = Files.createTempFile(folder, "trainer", ".token");
    order("token " + token);
    String kerberos = "-Djava.security.krb5.conf=" + folder.resolve("krb5.conf");
    String classes = folder.resolve("conf") + File.pathSeparator + classPath();
    List<String> flags = new ArrayList<>(List.of("-Dspark.master=local-cluster[2,1,1024]", kerberos, "-cp", classes));
    Sessions.ofExecutors().forEach((key, value) -> flags.add("-D" + key + "=" + switch (key) {
      case "spark.executor.extraClassPath" -> classes;
      case "spark.executor.extraJavaOptions" -> value + " " + kerberos;
      default -> value;
    }));
    return process(flags, Map.of("HADOOP_TOKEN_FILE_LOCATION", token.toString()), verb, heard);
  }

  @Test
  void aTokenThatIsRenewedCarriesARunThatOutlivesIt() throws Exception {
    Ended run = secured(pretrain("/data", "/runs/renewed"));
    assertThat(run.weights()).isEqualTo(alone);
    assertThat(run.lines()).anyMatch(l -> l.startsWith("2 ranks"))
        .noneMatch(l -> l.contains("goes on from the newest checkpoint"));
    Ended verified = secured(List.of("verify", "/runs/renewed"));
    assertThat(verified.code()).as(String.join("\n", verified.lines())).isZero();
    assertThat(verified.lines().stream().filter(l -> l.contains(" is whole: "))).hasSizeGreaterThan(10);
  }

  /** This shows as well that the run takes longer than a token lasts. */
  @Test
  void aTokenThatNobodyRenewsEndsTheRunWithTheCauseAndWhatIsSavedGoesOn() throws Exception {
    Ended run = secured(pretrain("/data", "/runs/forgotten"), line -> {
      if (line.startsWith("step  5/")) order("forget");
    });
    assertThat(run.code()).as(String.join("\n", run.lines())).isEqualTo(3);
    assertThat(run.lines()).anyMatch(l -> l.startsWith("kindling: ") && l.contains("oken") && l.contains("expired"));
    Ended again = secured(pretrain("/data", "/runs/forgotten"));
    assertThat(again.weights()).isEqualTo(alone);
    assertThat(again.lines()).anyMatch(l -> l.startsWith("resumed: goes on with step "));
  }
}
