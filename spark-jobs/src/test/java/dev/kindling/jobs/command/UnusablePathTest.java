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

  @Test
  void beforeAnythingRanEveryPathIsTheUsers() {
    assertThat(UnusablePath.told(forbidden("/elsewhere"), false, GIVEN, LOCAL)).get().asString()
        .contains("inode=\"/elsewhere\"", "name a place that this user may read");
    assertThat(UnusablePath.told(new AccessDeniedException("/runs/books/step-2"), false, List.of(), LOCAL)).get()
        .asString()
        .startsWith("access is denied: /runs/books/step-2; ");
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
