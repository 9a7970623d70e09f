package dev.kindling.train.kernel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A rank's threads. A loop is cut into blocks that depend on its shape alone; the threads, the caller among them, take the
 * blocks as they come, and who ran a block never shows in the result. One loop at a time; only its owner may call.
 */
public final class WorkerPool implements AutoCloseable {
  private static final int SPINS = 20_000;       // some 50 µs: the next loop of a step usually comes sooner
  private static final long NAP_NANOS = 50_000;

  /** The body of a loop. */
  @FunctionalInterface
  public interface Body {
    /** @param block in [0, blocks); @param worker in [0, threads): for scratch memory of the worker's own */
    void run(int block, int worker);
  }

  private final int threads;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger busy = new AtomicInteger();
  private volatile int loop;
  private volatile Body body;
  private volatile int blocks;
  private volatile Throwable failure;
  private volatile boolean closed;

  /** @param onStart run by each worker (the caller included) before its first block, such as setting OpenMP's threads */
  public WorkerPool(int threads, Runnable onStart) {
    this.threads = threads;
    onStart.run();
    for (int i = 1; i < threads; i++) {
      int worker = i;
      Thread thread = new Thread(() -> {
        onStart.run();
        serve(worker);
      }, "kindling-worker-" + worker);
      thread.setDaemon(true);
      thread.start();
    }
  }

  public int threads() {
    return threads;
  }

  /** Runs {@code body} for every block and returns when all are done. */
  public void run(int blocks, Body body) {
    if (threads == 1 || blocks == 1) {
      for (int i = 0; i < blocks; i++) body.run(i, 0);
      return;
    }
    this.body = body;
    this.blocks = blocks;
    failure = null;
    next.set(0);
    busy.set(threads - 1);
    loop++;                                      // only the owner writes it: the workers see the loop from here on
    work(0);
    while (busy.get() > 0) Thread.onSpinWait();
    this.body = null;
    if (failure != null) throw new IllegalStateException("a worker failed", failure);
  }

  private void serve(int worker) {
    int seen = 0;
    while (!closed) {
      for (int spin = 0; loop == seen && !closed; spin++) {
        if (spin < SPINS) Thread.onSpinWait();
        else LockSupport.parkNanos(NAP_NANOS);
      }
      if (closed) return;
      seen = loop;
      work(worker);
      busy.decrementAndGet();
    }
  }

  private void work(int worker) {
    try {
      for (int i; (i = next.getAndIncrement()) < blocks;) body.run(i, worker);
    } catch (Throwable e) {
      failure = e;
    }
  }

  @Override
  public void close() {
    closed = true;
  }
}
