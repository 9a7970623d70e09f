package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The driver is a process of its own, which schedulers end as they end all processes: by SIGTERM, then by SIGKILL. */
@Tag("slow")
@Timeout(300)
class TerminatedDriverTest {
  private static final int SIGTERM = 128 + 15;
  @TempDir
  private Path folder;

  /** What a driver said and how it ended. */
  private record Ended(int code, List<String> lines) {
    String weights() {
      String line = lines.stream().filter(l -> l.contains(", weights ")).reduce((a, b) -> b).orElseThrow();
      return line.substring(line.lastIndexOf(' ') + 1);
    }
  }

  /** @param until a line that starts so: then the driver is told to end; null: it is left alone; @param force by SIGKILL */
  private Ended pretrain(String master, String run, String until, boolean force) throws Exception {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(List.of(System.getProperty("kindling.jvm.flags").split("\\s+")));
    command.addAll(List.of("-Xmx600m", "-cp",
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        "-Dspark.master=" + master, "-Dspark.ui.enabled=false", "-Dspark.driver.host=127.0.0.1",
        "-Dspark.driver.bindAddress=127.0.0.1", "dev.kindling.jobs.command.Kindling", "pretrain", "--data",
        TinyDataset.write(folder.resolve("data"), 50, 20, 0), "--out", folder.resolve(run).toString()));
    Sessions.ofExecutors().forEach((key, value) -> command.add(1, "-D" + key + "=" + value));
    for (String setting : List.of("model.layers=2", "model.heads=2", "model.width=32", "train.steps=600",
        "train.precision=float32", "train.logEvery=20", "cluster.kernels=plain", "checkpoints.every=50")) {
      command.addAll(List.of("--set", setting));
    }
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    List<String> lines = new ArrayList<>();
    try (BufferedReader out = process.inputReader()) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        lines.add(line);
        if (until != null && line.startsWith(until)) end(process, force);
      }
    }
    process.waitFor(60, TimeUnit.SECONDS);
    return new Ended(process.exitValue(), lines);
  }

  private static void end(Process process, boolean force) {
    ProcessHandle handle = process.toHandle();   // the process itself would close the pipe that is read here
    if (force) handle.destroyForcibly();
    else handle.destroy();
  }

  @Test
  void aDriverThatIsToldToEndSavesAndOneThatIsSubmittedAgainGoesOnToTheSameWeights() throws Exception {
    Ended whole = pretrain("local[1]", "whole", null, false);
    assertThat(whole.code()).as(String.join("\n", whole.lines())).isZero();
    Ended told = pretrain("local[1]", "parts", "step  60/600", false);
    assertThat(told.code()).as(String.join("\n", told.lines())).isEqualTo(SIGTERM);
    assertThat(told.lines()).anyMatch(l -> l.matches("told to end: saved after step \\d+"));
    String saved = told.lines().stream().filter(l -> l.startsWith("told to end")).findFirst().orElseThrow();
    long step = Long.parseLong(saved.substring(saved.lastIndexOf(' ') + 1));
    assertThat(step).isGreaterThanOrEqualTo(60).isLessThan(600);
    Ended killed = pretrain("local[1]", "parts", "step 200/600", true);
    assertThat(killed.lines()).anyMatch(l -> l.startsWith("resumed: goes on with step " + (step + 1) + " "));
    Ended last = pretrain("local[1]", "parts", null, false);
    assertThat(last.code()).isZero();
    assertThat(last.lines()).anyMatch(l -> l.startsWith("resumed: goes on with step "));
    assertThat(last.weights()).isEqualTo(whole.weights());
  }

  @Test
  void ranksInExecutorsSaveToo() throws Exception {
    Ended told = pretrain("local-cluster[2,1,1024]", "cluster", "step  60/600", false);
    assertThat(told.code()).as(String.join("\n", told.lines())).isEqualTo(SIGTERM);
    assertThat(told.lines()).anyMatch(l -> l.startsWith("2 ranks"))
        .anyMatch(l -> l.matches("told to end: saved after step \\d+"));
  }
}
