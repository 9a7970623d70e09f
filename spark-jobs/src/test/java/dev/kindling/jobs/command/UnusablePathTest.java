package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.security.AccessControlException;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

class UnusablePathTest {
  private static final Supplier<Configuration> LOCAL = Configuration::new;
  private static final List<String> GIVEN = List.of("hdfs://lake:8020/runs/books", "corpus/in.jsonl", "/my data/out",
      "20");

  private static Optional<String> midway(IOException failure) {
    return UnusablePath.told(new UncheckedIOException(failure), true, GIVEN, LOCAL);
  }

  private static IOException forbidden(String inode) {
    return new AccessControlException("Permission denied: user=ann, access=WRITE, inode=\"" + inode
        + "\":hdfs:supergroup:drwxr-xr-x");
  }

  private static Optional<String> beforeAnyJob(IOException failure) {
    return UnusablePath.told(failure, false, GIVEN, LOCAL);
  }

  @Test
  void beforeAnyJobAGivenPathAndAllBelowItAreTheUsers() {
    for (String refused : List.of("/", "/runs", "/runs/books", "/runs/books/step-2"))
      assertThat(beforeAnyJob(forbidden(refused))).get().asString()
          .contains("inode=\"" + refused + "\"").endsWith("; name a place that this user may read, "
              + "or make files and folders in");
    assertThat(beforeAnyJob(new AccessDeniedException("/runs/books/step-2"))).get().asString()
        .startsWith("access is denied: /runs/books/step-2; name a place");
  }

  /** Such as the folder of Spark's event log, or where YARN takes an application's files from. */
  @Test
  void beforeAnyJobNoOtherNameIsAskedForInThePlaceOfAPathThatNobodyGave() {
    for (String refused : List.of("/user", "/spark-logs", "/runs/bookshelf", "/my data/outer"))
      assertThat(beforeAnyJob(forbidden(refused))).get().asString()
          .contains("inode=\"" + refused + "\"", "; let this user read it, or make files and folders in it, ")
          .doesNotContain("name a place");
    assertThat(UnusablePath.told(new AccessDeniedException("/home/ann/.cache/natives"), false, List.of(), LOCAL))
        .hasValue("access is denied: /home/ann/.cache/natives; let this user read it, or make files and folders in it, "
            + "or change the setting that names it");
  }

  @Command(name = "verb")
  private static final class Verb implements Runnable {
    @Option(names = "--out", paramLabel = "DIR", defaultValue = "/ours/out")
    private String out;

    @Option(names = "--field", paramLabel = "NAME", defaultValue = "/text")
    private String field;

    @Override
    public void run() {
      throw new AssertionError("it is not run here");
    }
  }

  @Test
  void aFolderThatAVerbTakesWhereNoneWasGivenIsAsIfGiven() {
    CommandLine verb = new CommandLine(new Verb());
    verb.parseArgs();
    assertThat(UnusablePath.told(forbidden("/ours"), true, verb)).get().asString().contains("name a place");
    assertThat(UnusablePath.told(forbidden("/text"), true, verb)).isEmpty();
    verb.parseArgs("--out", "/mine");
    assertThat(UnusablePath.told(forbidden("/mine"), true, verb)).isPresent();
    assertThat(UnusablePath.told(forbidden("/ours"), true, verb)).isEmpty();
  }

  @Test
  void midwayAGivenPathAndWhatItWouldBeMadeInAreTheUsers() {
    assertThat(midway(forbidden("/runs/books"))).isPresent();
    assertThat(midway(forbidden("/runs"))).isPresent();
    assertThat(midway(forbidden("/"))).isPresent();
    assertThat(midway(new AccessDeniedException("hdfs://lake:8020/runs/books"))).isPresent();
    assertThat(midway(new AccessDeniedException(Path.of("corpus/in.jsonl").toAbsolutePath().toString()))).isPresent();
    assertThat(UnusablePath.told(new AccessDeniedException(Path.of("in").toAbsolutePath().toString()), true,
        List.of("./in"), LOCAL)).isPresent();
    assertThat(midway(new IOException("Mkdirs failed to create file:/my data/out (exists=false, cwd=file:/home/ann)")))
        .isPresent();
  }

  /** Of HDFS's home folders here: one that works without a server. */
  public static final class Homes extends RawLocalFileSystem {
    @Override
    public org.apache.hadoop.fs.Path getWorkingDirectory() {
      return new org.apache.hadoop.fs.Path("/user/ann");
    }
  }

  @Test
  void aPathWithoutABeginningLiesWhereItsFileSystemHasIt() {
    Configuration conf = new Configuration();
    conf.set("fs.file.impl", Homes.class.getName());
    conf.setBoolean("fs.file.impl.disable.cache", true);
    assertThat(UnusablePath.told(forbidden("/user/ann/corpus/in.jsonl"), true, GIVEN, () -> conf)).isPresent();
    assertThat(UnusablePath.told(forbidden("/user/ann/runs"), true, List.of("../ann/runs"), () -> conf)).isPresent();
    assertThat(UnusablePath.told(new AccessDeniedException(Path.of("corpus/in.jsonl").toAbsolutePath().toString()),
        true, GIVEN, () -> conf)).isEmpty();
  }

  @Test
  void midwayAFileOfTheRunsOwnIsNot() {
    assertThat(midway(forbidden("/runs/books/step-00000200"))).isEmpty();
    assertThat(midway(forbidden("/runs/bookshelf"))).isEmpty();
    assertThat(midway(new AccessDeniedException("/tmp/spark-1/blockmgr"))).isEmpty();
    assertThat(midway(new IOException("Mkdirs failed to create file:/tmp/x (exists=false, cwd=file:/my data/out)")))
        .isEmpty();
    assertThat(midway(new AccessControlException((String) null))).isEmpty();
  }

  @Test
  void aNameThatHadoopDoesNotTakeIsTheUsersWhereItWasGiven() {
    IllegalArgumentException colon = colon();
    assertThat(UnusablePath.told(colon, true, List.of("a:b"), LOCAL)).get().asString()
        .startsWith("the path a:b cannot be used");
    assertThat(UnusablePath.told(colon, true, GIVEN, LOCAL)).isEmpty();
    assertThat(UnusablePath.told(colon, false, GIVEN, LOCAL)).isPresent();
  }

  private static IllegalArgumentException colon() {
    try {
      return new IllegalArgumentException("a path: " + new org.apache.hadoop.fs.Path("a:b"));
    } catch (IllegalArgumentException e) {
      return e;
    }
  }

  @Test
  void otherFailuresAreNone() {
    assertThat(UnusablePath.told(new IOException("/runs/books: no space left"), false, GIVEN, LOCAL)).isEmpty();
  }
}
