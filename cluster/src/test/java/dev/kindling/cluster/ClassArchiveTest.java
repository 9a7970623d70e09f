package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a JVM takes Spark's classes from an archive, and where it does without, as ever: nothing depends on the archive. */
@Tag("slow")
class ClassArchiveTest {
  private static final String OURS = "shared objects file (top)";
  private static final String THE_JDKS = "shared objects file";
  @TempDir
  static Path folder;
  private static Path root;
  private static Path home;
  private static Path archive;
  private static Path whole;

  /** A checkout that is built. */
  @BeforeAll
  static void make() throws Exception {
    root = Files.createDirectories(folder.resolve("checkout"));
    Files.copy(Launcher.ROOT.resolve("kindling"), root.resolve("kindling"));
    Path jar = root.resolve("spark-jobs/target/kindling.jar");
    Files.createDirectories(jar.getParent());
    link(jar, Launcher.ROOT.resolve("spark-jobs/target/kindling.jar"));
    home = root.resolve("cluster/target/spark-home");
    Path made = Launcher.ROOT.resolve("cluster/target/spark-home");
    try (Stream<Path> files = Files.walk(made)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path here = home.resolve(made.relativize(file).toString());
        Files.createDirectories(here.getParent());
        link(here, file);
      }
    }
    Launcher.Ended ended = archiving("make", java(), jar.toString());
    assertThat(ended.code()).as(ended.err() + ended.out()).isZero();
    try (Stream<Path> there = Files.walk(home.resolveSibling("class-archive"))) {
      archive = there.filter(file -> file.toString().endsWith(".jsa")).findFirst().orElseThrow();
    }
    whole = folder.resolve("whole.jsa");
    Files.createLink(whole, archive);
  }

  /** A copy where the checkout is on another file system than temporary files, or is another user's. */
  private static Path link(Path here, Path file) throws IOException {
    try {
      return Files.createLink(here, file);
    } catch (FileSystemException | UnsupportedOperationException e) {
      return Files.copy(file, here);
    }
  }

  @AfterEach
  @BeforeEach
  void restore() throws IOException {
    Files.deleteIfExists(archive);
    Files.createLink(archive, whole);
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  private static Launcher.Ended archiving(String... words) throws Exception {
    return new Launcher(home.resolve("bin/class-archive"), folder).run(words);
  }

  private static List<String> options() throws Exception {
    Launcher.Ended ended = archiving("options", java());
    assertThat(ended.code()).as(ended.err()).isZero();
    assertThat(ended.err()).isEmpty();
    return ended.out().lines().toList();
  }

  /** What the driver's JVM says of where it has its classes from. */
  private static List<String> loaded(String... arguments) throws Exception {
    Path log = Files.createTempFile(folder, "classes", ".log");
    Launcher.Ended ended = new Launcher(root.resolve("kindling"), folder)
        .with("JDK_JAVA_OPTIONS", "-Xlog:class+load:file=" + log).run(arguments);
    assertThat(ended.code()).as(ended.err()).isZero();
    assertThat(ended.out().lines()).singleElement().asString().startsWith("kindling 0.");
    assertThat(ended.err().lines().filter(line -> !line.startsWith("NOTE: Picked up JDK_JAVA_OPTIONS"))).isEmpty();
    return Files.readAllLines(log);
  }

  private static String source(List<String> loaded, String type) {
    String before = " " + type + " source: ";
    return loaded.stream().filter(line -> line.contains(before)).findFirst()
        .map(line -> line.substring(line.indexOf(before) + before.length())).orElseThrow();
  }

  @Test
  void aDriverMapsSparksClasses() throws Exception {
    List<String> loaded = loaded("--version", "--master", "local[1]");
    assertThat(source(loaded, "org.apache.spark.deploy.SparkSubmit")).isEqualTo(OURS);
  }

  @Test
  void aVerbWithoutSparkMapsWhatItNeedsOfIt() throws Exception {
    assertThat(source(loaded("--version"), "java.lang.Object")).isEqualTo(THE_JDKS);
    assertThat(options()).isNotEmpty();
  }

  @Test
  void aClassPathOfTheUsersGoesOverIt() throws Exception {
    List<String> loaded = loaded("--version", "--master", "local[1]", "--", "--driver-class-path", folder.toString());
    assertThat(source(loaded, "org.apache.spark.deploy.SparkSubmit")).contains(".jar");
  }

  @Test
  void anArchiveThatIsNotWholeIsPassedOver() throws Exception {
    Files.delete(archive);
    Files.copy(whole, archive);
    try (FileChannel channel = FileChannel.open(archive, StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() / 2);
    }
    assertThat(options()).isEmpty();
    List<String> loaded = loaded("--version", "--master", "local[1]");
    assertThat(source(loaded, "org.apache.spark.deploy.SparkSubmit")).contains(".jar");
    assertThat(source(loaded, "java.lang.Object")).isEqualTo(THE_JDKS);
  }

  @Test
  void anArchiveOfOtherJarsIsPassedOver() throws Exception {
    Path more = link(home.resolve("jars/zzz-more.jar"), root.resolve("spark-jobs/target/kindling.jar"));
    try {
      assertThat(options()).isEmpty();
    } finally {
      Files.delete(more);
    }
    assertThat(options()).isNotEmpty();
  }

  @Test
  void aFolderWhoseNameLooksOtherwiseAsAUrlHasNone() throws Exception {
    Path script = Files.createDirectories(folder.resolve("a check out/spark-home/bin")).resolve("class-archive");
    Files.copy(home.resolve("bin/class-archive"), script);
    for (String what : List.of("make", "options")) {
      Launcher.Ended ended = new Launcher(script, folder).run(what, java(), "kindling.jar");
      assertThat(ended.code()).isZero();
      assertThat(ended.out() + ended.err()).isEmpty();
    }
    assertThat(folder.resolve("a check out/class-archive")).doesNotExist();
  }

  /** An executor, or a worker: their JVMs are told of the archive before. */
  @Test
  void aJvmThatFindsNoArchiveOrAnotherClassPathKeepsTheJdksAndSaysNothing() throws Exception {
    List<String> options = options();
    String spark = home.resolve("jars") + "/*";
    assertThat(source(started(options, spark), "org.apache.spark.deploy.SparkSubmit")).isEqualTo(OURS);
    List<String> otherPath = started(options, folder + ":" + spark);
    assertThat(source(otherPath, "org.apache.spark.deploy.SparkSubmit")).contains(".jar");
    assertThat(source(otherPath, "java.lang.Object")).isEqualTo(THE_JDKS);
    Files.delete(archive);
    List<String> gone = started(options, spark);
    assertThat(source(gone, "org.apache.spark.deploy.SparkSubmit")).contains(".jar");
    assertThat(source(gone, "java.lang.Object")).isEqualTo(THE_JDKS);
  }

  private static List<String> started(List<String> options, String classPath) throws Exception {
    Path log = Files.createTempFile(folder, "classes", ".log");
    Path said = Files.createTempFile(folder, "said", ".txt");
    List<String> command = new ArrayList<>(List.of(java()));
    command.addAll(options);
    command.addAll(List.of("-XX:+IgnoreUnrecognizedVMOptions", "--sun-misc-unsafe-memory-access=allow",
        "-Xlog:class+load:file=" + log, "-cp", classPath, "org.apache.spark.deploy.SparkSubmit", "--version"));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start();
    assertThat(process.waitFor()).as(Files.readString(said)).isZero();
    assertThat(Files.readString(said)).doesNotContainIgnoringCase("shared").doesNotContain("[warning]")
        .doesNotContain("[error]");
    return Files.readAllLines(log);
  }
}
