package dev.kindling.jobs.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeCacheTest {
  @TempDir
  Path folder;

  /** Another process of the host, which wants to load: its exit code says whether it may now. */
  static final class Other {
    public static void main(String[] args) throws IOException {
      try (FileChannel file = FileChannel.open(Path.of(args[0]), StandardOpenOption.READ, StandardOpenOption.WRITE);
          FileLock lock = file.tryLock(0, Long.MAX_VALUE, Boolean.parseBoolean(args[1]))) {
        System.exit(lock == null ? 1 : 0);
      }
    }
  }

  private boolean othersMay(boolean share) {
    try {
      return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
          System.getProperty("java.class.path"), Other.class.getName(), folder.resolve(NativeCache.LOCK).toString(),
          Boolean.toString(share)).start().waitFor() == 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void oneProcessUnpacksAloneAndThenAllLoadAtTheSameTime() throws IOException {
    assertThat(NativeCache.loading(folder, () -> othersMay(true), () -> true)).as("while it is unpacked").isFalse();
    assertThat(NativeCache.loading(folder, () -> othersMay(true), () -> true)).as("once it is").isTrue();
    assertThat(NativeCache.loading(folder, () -> othersMay(false), () -> true))
        .as("another that finds no mark waits for those that load").isFalse();
  }

  @Test
  void whatHasLoadedInPartIsNotTakenForAll() throws IOException {
    NativeCache.loading(folder, () -> "the memory's library alone", () -> false);
    assertThat(NativeCache.loading(folder, () -> othersMay(true), () -> true)).isFalse();
  }
}
