package dev.kindling.jobs.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PipelineLockTest {
  @TempDir
  Path folder;

  private PipelineLock take(String owner, Duration expiry, Runnable lost) {
    return PipelineLock.take(new Configuration(), new org.apache.hadoop.fs.Path(folder.toString(), "lock"), expiry,
        owner, lost);
  }

  @Test
  void oneHoldsItUntilItIsGivenBackAndTheOtherIsToldWho() {
    Duration minute = Duration.ofMinutes(1);
    try (PipelineLock first = take("ann on north", minute, () -> {})) {
      assertThatThrownBy(() -> take("bob", minute, () -> {})).isInstanceOf(PipelineLock.HeldException.class)
          .hasMessageContaining("is being run by ann on north since 20");
      assertThat(first.isLost()).isFalse();
    }
    take("bob", minute, () -> {}).close();
    take("cay", minute, () -> {}).close();
  }

  @Test
  void manyAtOnceAndOneGetsIt() throws Exception {
    AtomicInteger refused = new AtomicInteger();
    CountDownLatch start = new CountDownLatch(1);
    ExecutorService threads = Executors.newFixedThreadPool(16);
    List<Callable<PipelineLock>> all = IntStream.range(0, 16).<Callable<PipelineLock>>mapToObj(i -> () -> {
      start.await();
      try {
        return take("thread " + i, Duration.ofMinutes(1), () -> {});
      } catch (PipelineLock.HeldException e) {
        refused.incrementAndGet();
        return null;
      }
    }).toList();
    var futures = all.stream().map(threads::submit).toList();
    start.countDown();
    List<PipelineLock> held = new ArrayList<>();
    for (var future : futures) if (future.get() != null) held.add(future.get());
    threads.shutdown();
    held.forEach(PipelineLock::close);           // not earlier: who comes after may have it
    assertThat(held).hasSize(1);
    assertThat(refused).hasValue(15);
  }

  private org.apache.hadoop.fs.Path stalling() {
    return new org.apache.hadoop.fs.Path("stalling://" + folder, "lock");
  }

  private PipelineLock takeStalling(String owner) {
    return PipelineLock.take(StallingFiles.conf(), stalling(), Duration.ofMinutes(1), owner, () -> {});
  }

  @Test
  void whoComesWhileAnotherIsStillCreatingItIsRefused() {
    PipelineLock[] other = new PipelineLock[1];
    StallingFiles.afterTheNextListing(() -> other[0] = takeStalling("bob"));
    assertThatThrownBy(() -> takeStalling("ann")).isInstanceOf(PipelineLock.HeldException.class)
        .hasMessageContaining("is being run by bob");
    other[0].close();
  }

  @Test
  void whoStallsUntilItsNumberIsGoneAgainDoesNotGetItBesideTheHolder() {
    PipelineLock[] other = new PipelineLock[1];
    StallingFiles.afterTheNextListing(() -> {
      takeStalling("bob").close();
      other[0] = takeStalling("cay");            // and what bob had is deleted
    });
    assertThatThrownBy(() -> takeStalling("ann")).isInstanceOf(PipelineLock.HeldException.class)
        .hasMessageContaining("is being run by cay");
    assertThat(folder.resolve("lock").toFile().list()).containsExactlyInAnyOrder("00000002", "00000002.beat");
    other[0].close();
  }

  private void anHourAgo(String name) throws IOException {
    Files.setLastModifiedTime(folder.resolve("lock").resolve(name),
        FileTime.fromMillis(System.currentTimeMillis() - 3_600_000));
  }

  private long written(String name) throws IOException {
    return Files.getLastModifiedTime(folder.resolve("lock").resolve(name)).toMillis();
  }

  @Test
  void aHolderThatGivesNoSignOfLifeIsReplacedAndOneThatLivesLearnsOfIt() throws Exception {
    CountDownLatch told = new CountDownLatch(1);
    Duration expiry = Duration.ofSeconds(20);
    PipelineLock silent = take("ann", expiry, () -> {});
    silent.fallSilent();
    assertThatThrownBy(() -> take("bob", expiry, () -> {})).isInstanceOf(PipelineLock.HeldException.class);
    anHourAgo("00000001");
    anHourAgo("00000001.beat");
    PipelineLock next = take("bob", expiry, told::countDown);
    anHourAgo("00000002.beat");
    while (System.currentTimeMillis() - written("00000002.beat") > expiry.toMillis()) Thread.sleep(50);      // bob beats on
    Files.writeString(folder.resolve("lock/00000003"), "{}");       // as one whose clock said otherwise
    assertThat(told.await(40, TimeUnit.SECONDS)).isTrue();
    assertThat(next.isLost()).isTrue();
    next.close();
    assertThat(folder.resolve("lock/00000002.released")).doesNotExist();
    silent.close();
  }
}
