package dev.kindling.train.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Raw;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class WorkerPoolTest {
  @Test
  void everyBlockRunsOnceInEachOfManyLoops() {
    try (WorkerPool pool = new WorkerPool(3, () -> {})) {
      for (int loop = 0; loop < 2000; loop++) {
        AtomicIntegerArray runs = new AtomicIntegerArray(1 + loop % 7);
        pool.run(runs.length(), (block, worker) -> runs.incrementAndGet(block));
        for (int block = 0; block < runs.length(); block++) assertThat(runs.get(block)).isEqualTo(1);
      }
    }
  }

  @Test
  void workersThatFellAsleepTakePartAgain() throws InterruptedException {
    try (WorkerPool pool = new WorkerPool(2, () -> {})) {
      for (int round = 0; round < 3; round++) {
        Thread.sleep(60);                        // long past the last nap
        AtomicInteger inside = new AtomicInteger();
        // each block waits for the other: only two threads can end this loop
        pool.run(2, (block, worker) -> {
          inside.incrementAndGet();
          while (inside.get() < 2) Thread.onSpinWait();
        });
        assertThat(inside.get()).isEqualTo(2);
      }
    }
  }

  @Test
  void memoryIsCopiedAndClearedToItsEndAndNoFurther() {
    int most = (3 << 20) + 8;
    try (WorkerPool pool = new WorkerPool(2, () -> {}); Memory memory = Memory.allocate(2L * most)) {
      long from = memory.address(), to = from + most;
      for (int bytes : new int[]{0, 4, 1 << 20, (1 << 20) + 4, most - 4}) {
        for (int i = 0; i < most; i += Integer.BYTES) {
          Raw.putInt(from + i, i + 1);
          Raw.putInt(to + i, -1);
        }
        pool.copy(from, to, bytes);
        pool.zero(from, bytes);
        for (int i = 0; i < most; i += Integer.BYTES) {
          boolean moved = i < bytes;
          if (Raw.getInt(from + i) != (moved ? 0 : i + 1) || Raw.getInt(to + i) != (moved ? i + 1 : -1)) {
            throw new AssertionError("byte " + i + " of " + bytes);
          }
        }
      }
    }
  }

  @Test
  void aBlockThatFailsFailsTheLoopAndNotThePool() {
    try (WorkerPool pool = new WorkerPool(2, () -> {})) {
      assertThatThrownBy(() -> pool.run(8, (block, worker) -> {
        if (block == 5) throw new IllegalArgumentException("five");
      })).hasRootCauseMessage("five");
      AtomicInteger done = new AtomicInteger();
      pool.run(8, (block, worker) -> done.incrementAndGet());
      assertThat(done.get()).isEqualTo(8);
    }
  }
}
