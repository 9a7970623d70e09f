package dev.kindling.jobs.train;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** {@code kindling pretrain} of a tiny model in a process of its own, whose class path is the test's. */
final class DriverProcess {
  private static final int PATIENCE_SECONDS = 150;

  /** What a driver said and how it ended. */
  record Ended(int code, List<String> lines) {
    String weights() {
      String line = lines.stream().filter(l -> l.contains(", weights ")).reduce((a, b) -> b).orElseThrow();
      return line.substring(line.lastIndexOf(' ') + 1);
    }
  }

  private DriverProcess() {
  }

  /** 600 steps, a checkpoint every 50. @param told is given each line, and the process; @param more settings, as KEY=VALUE */
  static Ended pretrain(String master, String dataset, Path run, BiConsumer<String, ProcessHandle> told,
      String... more) throws IOException, InterruptedException {
    return pretrain(master, Map.of(), dataset, run.toString(), told, more);
  }

  /** @param spark settings of Spark's; @param dataset and @param run on any file system */
  static Ended pretrain(String master, Map<String, String> spark, String dataset, String run,
      BiConsumer<String, ProcessHandle> told, String... more) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(List.of(System.getProperty("kindling.jvm.flags").split("\\s+")));
    command.addAll(List.of("-Xmx600m", "-cp",
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        "-Dspark.master=" + master, "-Dspark.ui.enabled=false", "-Dspark.driver.host=127.0.0.1",
        "-Dspark.driver.bindAddress=127.0.0.1", "dev.kindling.jobs.command.Kindling", "pretrain", "--data", dataset,
        "--out", run));
    Sessions.ofExecutors().forEach((key, value) -> command.add(1, "-D" + key + "=" + value));
    spark.forEach((key, value) -> command.add(1, "-D" + key + "=" + value));
    List<String> settings = new ArrayList<>(List.of("model.layers=2", "model.heads=2", "model.width=32",
        "train.steps=600", "train.precision=float32", "train.logEvery=20", "cluster.kernels=plain",
        "checkpoints.every=50"));
    settings.addAll(List.of(more));
    for (String setting : settings) command.addAll(List.of("--set", setting));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    CompletableFuture.delayedExecutor(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .execute(process.toHandle()::destroyForcibly);       // nothing else ends a readLine
    List<String> lines = new ArrayList<>();
    try (BufferedReader out = process.inputReader()) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        lines.add(line);
        told.accept(line, process.toHandle());   // the process itself would close the pipe that is read here
      }
      process.waitFor(60, TimeUnit.SECONDS);
      return new Ended(process.exitValue(), lines);
    } finally {
      process.destroyForcibly();
    }
  }
}
