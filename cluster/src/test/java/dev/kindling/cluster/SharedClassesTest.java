package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is archived of a build's classes serves that build alone, and nothing depends on it. */
@Tag("slow")
class SharedClassesTest {
  @TempDir
  static Path folder;
  private static Path root;
  private static Path shared;

  /** A checkout that is built, in a folder whose name has spaces. */
  @BeforeAll
  static void archive() throws Exception {
    root = Files.createDirectories(folder.resolve("a check out"));
    Files.copy(Launcher.ROOT.resolve("kindling"), root.resolve("kindling"));
    Path jar = root.resolve("spark-jobs/target/kindling.jar");
    Files.createDirectories(jar.getParent());
    Files.copy(Launcher.ROOT.resolve("spark-jobs/target/kindling.jar"), jar);
    Path target = Files.createDirectories(root.resolve("cluster/target"));
    Path home = Files.createSymbolicLink(target.resolve("spark-home"),
        Launcher.ROOT.resolve("cluster/target/spark-home"));
    Path said = folder.resolve("archive.log");
    Process process = new ProcessBuilder("bash", home.resolve("bin/archive-classes").toString(),
        Path.of(System.getProperty("java.home"), "bin", "java").toString(), jar.toString(), target.toString())
        .redirectErrorStream(true).redirectOutput(said.toFile()).start();
    assertThat(process.waitFor()).as(Files.readString(said)).isZero();
    try (Stream<Path> made = Files.list(target)) {
      shared = made.filter(each -> each.getFileName().toString().startsWith("shared-")).findFirst().orElseThrow();
    }
  }

  /** What the driver's JVM says of where it has its classes from. */
  private static List<String> loaded(String... arguments) throws Exception {
    Path log = Files.createTempFile(folder, "classes", ".log");
    Launcher.Ended ended = new Launcher(root.resolve("kindling"), folder)
        .with("JDK_JAVA_OPTIONS", "-Xlog:class+load:file=" + log).run(arguments);
    assertThat(ended.code()).as(ended.err()).isZero();
    assertThat(ended.out()).startsWith("kindling 0.");
    assertThat(ended.err().lines().filter(line -> !line.startsWith("NOTE: Picked up JDK_JAVA_OPTIONS"))).isEmpty();
    return Files.readAllLines(log);
  }

  private static boolean areShared(List<String> loaded, String type) {
    return loaded.stream().anyMatch(line -> line.contains(" " + type + " source: shared objects file (top)"));
  }

  @Test
  void aVerbWithoutSparkMapsItsClasses() throws Exception {
    assertThat(areShared(loaded("--version"), "dev.kindling.jobs.command.Kindling")).isTrue();
  }

  @Test
  void aDriverMapsSparksClassesAndOurs() throws Exception {
    List<String> loaded = loaded("--version", "--master", "local[1]");
    assertThat(areShared(loaded, "org.apache.spark.deploy.SparkSubmit")).isTrue();
    assertThat(areShared(loaded, "dev.kindling.jobs.command.Kindling")).isTrue();
  }

  @Test
  void aClassPathOfTheUsersGoesOverIt() throws Exception {
    List<String> loaded = loaded("--version", "--master", "local[1]", "--", "--driver-class-path", folder.toString());
    assertThat(areShared(loaded, "dev.kindling.jobs.command.Kindling")).isFalse();
  }

  @Test
  void aDamagedArchiveIsPassedOver() throws Exception {
    Path archive = shared.resolve("classes.jsa");
    Path whole = Files.copy(archive, folder.resolve("whole.jsa"));
    try {
      cut(archive);
      assertThat(areShared(loaded("--version"), "dev.kindling.jobs.command.Kindling")).isFalse();
    } finally {
      Files.delete(archive);
      Files.move(whole, archive);
    }
  }

  private static void cut(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() / 2);
    }
  }

  @Test
  void anotherBuildDoesNotFindIt() throws Exception {
    Path jar = root.resolve("spark-jobs/target/kindling.jar");
    Path before = Files.move(jar, folder.resolve("before.jar"));
    try {
      Files.createLink(jar, Launcher.ROOT.resolve("spark-jobs/target/kindling.jar"));
      assertThat(areShared(loaded("--version"), "dev.kindling.jobs.command.Kindling")).isFalse();
    } finally {
      Files.delete(jar);
      Files.move(before, jar);
    }
  }
}
