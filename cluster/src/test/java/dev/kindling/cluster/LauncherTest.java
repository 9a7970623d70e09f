package dev.kindling.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
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
