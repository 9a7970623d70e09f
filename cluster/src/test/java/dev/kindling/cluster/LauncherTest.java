package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LauncherTest {
  @TempDir
  Path folder;

  /** A checkout that is built, in a folder whose name has spaces: the scripts, and links to what the build made. */
  private Launcher launcher() throws IOException {
    Path root = Files.createDirectories(folder.resolve("a check out"));
    Path script = Files.copy(Launcher.ROOT.resolve("kindling"), root.resolve("kindling"));
    Path jar = root.resolve("spark-jobs/target/kindling.jar");
    Files.createDirectories(jar.getParent());
    Files.createLink(jar, Launcher.ROOT.resolve("spark-jobs/target/kindling.jar"));
    Files.createDirectories(root.resolve("cluster/target"));
    Files.createSymbolicLink(root.resolve("cluster/target/spark-home"),
        Launcher.ROOT.resolve("cluster/target/spark-home"));
    return new Launcher(script, folder);
  }

  private Path executable(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + text);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @Test
  void helpTeachesTheVerbsFromAnyFolder() throws Exception {
    Launcher.Ended ended = launcher().run("--help");
    assertThat(ended.code()).isZero();
    assertThat(ended.out()).contains("demo").contains("kindling VERB --help");
    assertThat(ended.err()).isEmpty();
  }

  @Test
  void anUnknownVerbIsOneLineAndExitCode2() throws Exception {
    Launcher.Ended ended = launcher().run("pretrian");
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err().lines()).singleElement().asString().startsWith("kindling: ").contains("pretrian")
        .contains("pretrain");
  }

  @Test
  void theVerbRunsUnderSparkSubmitOnExecutorsOfTheirOwn() throws Exception {
    Launcher.Ended ended = launcher().run("--version", "--master", "local-cluster[1,1,512]", "--", "--conf",
        "spark.a=b c");
    assertThat(ended.err()).isEmpty();
    assertThat(ended.code()).isZero();
    assertThat(ended.out()).startsWith("kindling 0.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"TERM", "INT"})
  void aSubmissionThatIsToldToEndTellsSparkAndLeavesNoFile(String signal) throws Exception {
    launcher();
    Files.createDirectories(folder.resolve("spark/jars")).resolve("spark-core_2.13-4.2.0.jar").toFile().createNewFile();
    executable("spark/bin/spark-submit",
        "trap 'touch told; exit 143' TERM\ntouch begun\nwhile :; do sleep 0.1; done\n");
    Path temporary = Files.createDirectories(folder.resolve("tmp"));
    // What ignored INT at its start cannot be told by it, and a build that runs in the background hands that on.
    ProcessBuilder kindling = new ProcessBuilder("env", "--default-signal=INT", "bash",
        folder.resolve("a check out/kindling").toString(), "pretrain", "--master", "yarn", "--", "--deploy-mode",
        "cluster").directory(folder.toFile()).redirectErrorStream(true)
        .redirectOutput(folder.resolve("said").toFile());
    kindling.environment().putAll(Map.of("SPARK_HOME", folder.resolve("spark").toString(), "TMPDIR",
        temporary.toString(), "JAVA_HOME", System.getProperty("java.home")));
    Process process = kindling.start();
    try {
      for (int i = 0; i < 300 && !Files.exists(folder.resolve("begun")); i++) Thread.sleep(100);
      assertThat(temporary).isDirectoryContaining("glob:**kindling-submission*");
      new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    assertThat(folder.resolve("told")).exists();
    assertThat(process.exitValue()).isEqualTo(143);
    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void aJdkThatSparkDoesNotRunOnIsNamedWithThoseThatItDoes() throws Exception {
    executable("old/bin/java", "echo 'openjdk version \"11.0.2\" 2019-01-15' >&2\n");
    Launcher.Ended old = launcher().with("JAVA_HOME", folder.resolve("old").toString()).run("--help");
    assertThat(old.code()).isEqualTo(2);
    assertThat(old.err().lines()).singleElement().asString().contains("is Java 11").contains("17 to 25");
    executable("new/bin/java", "echo 'openjdk version \"26-ea\" 2026-03-17' >&2\n");
    Launcher.Ended tooNew = launcherAgain().with("JAVA_HOME", folder.resolve("new").toString()).run("--help");
    assertThat(tooNew.err().lines()).singleElement().asString().contains("is Java 26").contains("17 to 25");
  }

  @Test
  void theVersionThatAJdksFolderTellsIsTakenFromThere() throws Exception {
    executable("quiet/bin/java", "exit 1\n");
    Files.writeString(folder.resolve("quiet/release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"11.0.2\"\n");
    Launcher.Ended ended = launcher().with("JAVA_HOME", folder.resolve("quiet").toString()).run("--help");
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err().lines()).singleElement().asString().contains("is Java 11").contains("17 to 25");
  }

  @Test
  void aMissingOrOldMavenIsToldBeforeAnythingIsBuilt() throws Exception {
    launcher();
    Path pom = Files.writeString(folder.resolve("a check out/pom.xml"), "<project/>");
    Files.setLastModifiedTime(pom, FileTime.fromMillis(System.currentTimeMillis() + 60_000));
    executable("bin/mvn", "echo 'Apache Maven 3.6.3 (cecedd343002696d0abb50b32b541b8a6ba2883f)'\n");
    Launcher.Ended ended = launcherAgain().with("PATH", folder.resolve("bin") + ":" + System.getenv("PATH"))
        .run("--help");
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err().lines()).singleElement().asString().contains("Maven 3.6.3").contains("3.8");
    assertThat(folder.resolve("a check out/spark-jobs/target/kindling.jar")).exists();
  }

  /** A checkout whose Maven is a script that makes what the build of this one made, or is killed while it shades. */
  private Launcher unbuilt() throws IOException {
    Path root = Files.createDirectories(folder.resolve("a check out"));
    Files.copy(Launcher.ROOT.resolve("kindling"), root.resolve("kindling"));
    Path made = Launcher.ROOT.resolve("cluster/target/spark-home");
    executable("bin/mvn", """
        if [ "$1" = --version ]; then echo 'Apache Maven 3.9.9'; exit; fi
        home=cluster/target/spark-home
        mkdir -p spark-jobs/target "$home/bin" "$home/conf"
        echo cut off >spark-jobs/target/kindling.jar
        if [ -e "$0.dies" ]; then touch "$0.began"; sleep 600; fi
        ln -f "%1$s/spark-jobs/target/kindling.jar" spark-jobs/target/kindling.jar
        ln -s "%2$s/jars" "$home/jars"
        cp "%2$s"/conf/* "$home/conf/"
        printf 'echo "$1" >>"$(dirname "$0")/archive"' >"$home/bin/class-archive"
        echo Spark >"$home/RELEASE"
        """.formatted(Launcher.ROOT, made));
    return launcherAgain().with("PATH", folder.resolve("bin") + ":" + System.getenv("PATH"));
  }

  private void killedWhileItBuilds() throws Exception {
    Path dies = Files.createFile(folder.resolve("bin/mvn.dies"));
    Path began = folder.resolve("bin/mvn.began");
    ProcessBuilder kindling = new ProcessBuilder("bash", folder.resolve("a check out/kindling").toString(), "--version")
        .redirectErrorStream(true).redirectOutput(folder.resolve("said").toFile());
    kindling.environment().putAll(Map.of("PATH", folder.resolve("bin") + ":" + System.getenv("PATH"), "JAVA_HOME",
        System.getProperty("java.home")));
    Process process = kindling.start();
    List<ProcessHandle> all = List.of();
    try {
      for (int i = 0; i < 300 && !Files.exists(began); i++) Thread.sleep(100);
      assertThat(began).exists();
    } finally {
      all = Stream.concat(Stream.of(process.toHandle()), process.descendants()).toList();
      all.forEach(ProcessHandle::destroyForcibly);
    }
    for (ProcessHandle each : all) each.onExit().get(30, TimeUnit.SECONDS);
    Files.delete(dies);
    Files.delete(began);
  }

  @Test
  void aBuildThatWasKilledIsDoneAgainAndToldSo() throws Exception {
    Launcher launcher = unbuilt();
    killedWhileItBuilds();
    assertThat(Files.readString(folder.resolve("said"))).startsWith("kindling: building for the first time");
    Launcher.Ended ended = launcher.run("--version");
    assertThat(ended.err().lines()).first().isEqualTo("kindling: the last build did not end; building");
    assertThat(ended.out()).as(ended.err()).startsWith("kindling 0.");
    assertThat(launcher.run("--version").err()).isEmpty();
  }

  @Test
  void aBuildOfChangedSourcesThatWasKilledIsDoneAgainToo() throws Exception {
    Launcher launcher = unbuilt();
    assertThat(launcher.run("--version").code()).isZero();
    Path pom = Files.writeString(folder.resolve("a check out/pom.xml"), "<project/>");
    Files.delete(folder.resolve("a check out/cluster/target/spark-home/jars"));      // a link here
    Files.createDirectory(folder.resolve("a check out/cluster/target/spark-home/jars"));
    killedWhileItBuilds();
    assertThat(Files.readString(folder.resolve("said"))).startsWith("kindling: sources have changed");
    Files.setLastModifiedTime(pom, FileTime.fromMillis(0));
    Launcher.Ended ended = launcher.run("--version");
    assertThat(ended.err().lines()).first().isEqualTo("kindling: the last build did not end; building");
    assertThat(ended.out()).as(ended.err()).startsWith("kindling 0.");
  }

  @Test
  void whatABuildDidNotComeToAfterMavensPartIsDoneTheNextTime() throws Exception {
    Launcher launcher = unbuilt();
    Launcher.Ended first = launcher.run("--version");
    assertThat(first.err()).contains("kindling:   archive of the classes").contains("kindling: built in");
    Path archived = folder.resolve("a check out/cluster/target/spark-home/bin/archive");
    Files.delete(archived);
    Files.createFile(folder.resolve("a check out/cluster/target/unfinished"));
    assertThat(launcher.run("--version").err()).startsWith("kindling: the last build did not end; finishing it")
        .doesNotContain("built in");
    assertThat(archived).content().contains("make");
    assertThat(launcher.run("--version").err()).isEmpty();
  }

  @Test
  void aSparkSubmitOfTheMadeHomeKnowsItsScala() throws Exception {
    Launcher submit = new Launcher(Launcher.ROOT.resolve("cluster/target/spark-home/bin/spark-submit"), folder);
    Launcher.Ended ended = submit.with("SPARK_SCALA_VERSION", "").run("--version");
    assertThat(ended.code()).as(ended.err()).isZero();
    assertThat(ended.err()).contains("Using Scala version 2.13");
  }

  private Launcher launcherAgain() {
    return new Launcher(folder.resolve("a check out/kindling"), folder);
  }

  @Test
  void theSparkHomeHoldsSparkAloneAndTheApplicationJarHoldsNoneOfIt() throws Exception {
    try (Stream<Path> jars = Files.list(Launcher.ROOT.resolve("cluster/target/spark-home/jars"))) {
      assertThat(jars.map(jar -> jar.getFileName().toString()).toList())
          .anyMatch(name -> name.startsWith("spark-sql_2.13-"))
          .noneMatch(
              name -> name.matches("(checkpoints-format|data-prep|trainer|spark-jobs|nd4j|dnnl|picocli|tokenizers).*"));
    }
    try (java.util.zip.ZipFile jar = new java.util.zip.ZipFile(
        Launcher.ROOT.resolve("spark-jobs/target/kindling.jar").toFile())) {
      assertThat(jar.stream().map(entry -> entry.getName()))
          .anyMatch("dev/kindling/jobs/command/Kindling.class"::equals)
          .noneMatch(name -> name.startsWith("org/apache/spark/") || name.startsWith("org/apache/hadoop/")
              || name.startsWith("scala/") || name.startsWith("com/fasterxml/jackson/")
              || name.startsWith("org/slf4j/"));
      assertThat(jar.stream().map(entry -> entry.getName())
          .filter(name -> name.matches(".*\\.(so(\\.\\d+)*|dll|dylib|jnilib)")))
          .isNotEmpty().allMatch(name -> name.contains("linux-x86_64") || name.contains("linux-x86-64"));
    }
  }
}
