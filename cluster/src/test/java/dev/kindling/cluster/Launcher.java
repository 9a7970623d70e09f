package dev.kindling.cluster;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs {@code ./kindling} as a process of its own. */
final class Launcher {
  /** The checkout that this test belongs to. */
  static final Path ROOT = Path.of("").toAbsolutePath().getParent();

  private final Path script;
  private final Path directory;
  private final Map<String, String> environment = new HashMap<>();

  /** @param script to run; @param directory the current one while it runs */
  Launcher(Path script, Path directory) {
    this.script = script;
    this.directory = directory;
    environment.put("JAVA_HOME", System.getProperty("java.home"));
  }

  Launcher with(String variable, String value) {
    environment.put(variable, value);
    return this;
  }

  /** What a run left behind. */
  record Ended(int code, String out, String err) {}

  Ended run(String... arguments) throws IOException, InterruptedException {
    Path out = Files.createTempFile("kindling", ".out");
    Path err = Files.createTempFile("kindling", ".err");
    List<String> command = new ArrayList<>(List.of("bash", script.toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile()).redirectOutput(out.toFile())
        .redirectError(err.toFile()).redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    builder.environment().remove("SPARK_HOME");
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      if (!process.waitFor(10, TimeUnit.MINUTES)) throw new IOException(command + " did not end in 10 minutes");
      // The process that filters stderr may outlive the verb by a moment.
      for (int i = 0; i < 50 && process.exitValue() != 0 && Files.size(err) == 0; i++) Thread.sleep(20);
      return new Ended(process.exitValue(), Files.readString(out, StandardCharsets.UTF_8),
          Files.readString(err, StandardCharsets.UTF_8));
    } finally {
      process.destroyForcibly();
      Files.delete(out);
      Files.delete(err);
    }
  }
}
