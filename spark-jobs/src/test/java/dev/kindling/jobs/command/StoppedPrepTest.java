package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code kindling prep} in a process of its own, which its user stops. */
@Tag("slow")
@Timeout(500)
class StoppedPrepTest {
  @TempDir
  Path folder;

  @Test
  void aPrepThatIsStoppedSaysOneLineAndTheSameCommandGoesOn() throws Exception {
    Path in = folder.resolve("in.jsonl");
    SplittableRandom random = new SplittableRandom(1);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 2_000; i++) {
      lines.append("{\"text\":\"");
      for (int word = 0; word < 40; word++) lines.append(Long.toString(random.nextLong(1 << 30), 36)).append(' ');
      lines.append("\"}\n");
    }
    Files.writeString(in, lines);
    for (String moment : List.of("Reading", "Training the tokenizer")) {
      List<String> said = new ArrayList<>();
      assertThat(prep(in, moment, said)).as(String.join("\n", said)).isEqualTo(128 + 15);
      assertThat(said).noneMatch(line -> line.contains("Exception") || line.startsWith("\tat "));
      assertThat(said).filteredOn(line -> line.startsWith("kindling: "))
          .containsExactly("kindling: prep was stopped; the same command goes on with the stages that are whole");
    }
    List<String> said = new ArrayList<>();
    assertThat(prep(in, "Taking over the stage clean", said)).isEqualTo(128 + 15);
    assertThat(said).anyMatch(line -> line.startsWith("Taking over the stage clean"));
  }

  /** @param until a line that starts so: then it is told to end; @return its exit code */
  private int prep(Path in, String until, List<String> said) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(List.of(System.getProperty("kindling.jvm.flags").split("\\s+")));
    command.addAll(List.of("-Xmx512m", "-cp",
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        "-Dspark.master=local[2]", "-Dspark.ui.enabled=false", "-Dspark.driver.host=127.0.0.1",
        "-Dspark.driver.bindAddress=127.0.0.1", "dev.kindling.jobs.command.Kindling", "prep", "--in", in.toString(),
        "--out", folder.resolve("out").toString(), "--set", "tokenizerKind=unigram", "--set", "vocabularySize=8000"));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    CompletableFuture.delayedExecutor(150, TimeUnit.SECONDS).execute(process.toHandle()::destroyForcibly);
    try (BufferedReader out = process.inputReader()) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        said.add(line);
        if (line.startsWith(until)) process.toHandle().destroy();   // the process itself would close the pipe that is read here
      }
      process.waitFor(60, TimeUnit.SECONDS);
      return process.exitValue();
    } finally {
      process.destroyForcibly();
    }
  }
}
