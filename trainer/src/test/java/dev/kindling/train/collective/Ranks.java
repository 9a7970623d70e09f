package dev.kindling.train.collective;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;

/** Runs the ranks of a test as threads. */
public final class Ranks {
  private Ranks() {
  }

  /** Returns when all have ended; throws what the first that failed threw. */
  public static void run(int worldSize, IntConsumer rank) {
    ExecutorService threads = Executors.newFixedThreadPool(worldSize);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < worldSize; i++) {
        int number = i;
        all.add(threads.submit(() -> rank.accept(number)));
      }
      RuntimeException first = null;
      for (Future<?> each : all) {
        try {
          each.get();
        } catch (ExecutionException e) {
          if (first == null) first = e.getCause() instanceof RuntimeException r ? r : new IllegalStateException(e);
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }
      if (first != null) throw first;
    } finally {
      threads.shutdownNow();
    }
  }
}
