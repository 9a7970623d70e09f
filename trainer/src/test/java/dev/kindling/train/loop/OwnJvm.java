package dev.kindling.train.loop;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * A main class in a process of its own, on the test's class path and with the test's JVM flags.
 *
 * @param jar whether a part of the class path is kept; @param flag whether a flag is kept
 */
record OwnJvm(Predicate<String> jar, Predicate<String> flag) {
  private static final String MODULES = "--add-modules";

  static OwnJvm same() {
    return new OwnJvm(jar -> true, flag -> true);
  }

  OwnJvm without(String part) {
    return new OwnJvm(jar.and(path -> !Path.of(path).getFileName().toString().matches(part)), flag);
  }

  OwnJvm withoutVectorApi() {
    return new OwnJvm(jar, flag.and(each -> !each.startsWith(MODULES)));
  }

  /** @return lines of both outputs, in order; throws where it does not end with 0 */
  List<String> run(Class<?> main, List<String> flags, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String each : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      boolean takesPart = each.startsWith("--") || each.startsWith("-Dorg.bytedeco") || each.startsWith("-XX:+Ignore");
      if (takesPart && flag.test(each)) command.add(each);
    }
    command.addAll(flags);
    command.add("-Dlog4j2.level=WARN");
    command.add(main.getName());
    command.addAll(List.of(arguments));
    try {
      Path out = Files.createTempFile("own-jvm", ".txt");
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile());
      builder.environment().put("CLASSPATH", classPath());
      int exit = builder.start().waitFor();
      List<String> lines = List.of(Files.readString(out, StandardCharsets.UTF_8).split("\n"));
      Files.delete(out);
      if (exit != 0) throw new IllegalStateException("it ended with " + exit + ": " + String.join("\n", lines));
      return lines;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private String classPath() {
    String all = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return Arrays.stream(all.split(java.io.File.pathSeparator)).filter(jar)
        .collect(Collectors.joining(java.io.File.pathSeparator));
  }
}
