package dev.kindling.jobs.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
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
    int held = 0;
    for (var future : futures) {
      PipelineLock lock = future.get();
      if (lock == null) continue;
      held++;
      lock.close();
    }
    threads.shutdown();
    assertThat(held).isEqualTo(1);
    assertThat(refused).hasValue(15);
  }

  @Test
  void aHolderThatGivesNoSignOfLifeIsReplacedAndOneThatLivesLearnsOfIt() throws Exception {
    CountDownLatch told = new CountDownLatch(1);
    Duration second = Duration.ofSeconds(1);
    PipelineLock silent = take("ann", second, () -> {});
    silent.fallSilent();
    PipelineLock next = null;
    while (next == null) {
      try {
        next = take("bob", second, told::countDown);
      } catch (PipelineLock.HeldException early) {
        Thread.sleep(50);
      }
    }
    // bob beats on: for several times the expiry nobody else gets it
    for (int i = 0; i < 30; i++) {
      assertThatThrownBy(() -> take("cay", second, () -> {})).isInstanceOf(PipelineLock.HeldException.class);
      Thread.sleep(50);
    }
    java.nio.file.Files.writeString(folder.resolve("lock/00000003"), "{}");      // as one whose clock said otherwise
    assertThat(told.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(next.isLost()).isTrue();
    next.close();
    assertThat(folder.resolve("lock/00000002.released")).doesNotExist();
    silent.close();
  }
}
