package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Raw;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A rank's threads. A loop is cut into blocks that depend on its shape alone; the threads, the caller among them, take the
 * blocks as they come, and who ran a block never shows in the result. One loop at a time; only its owner may call.
 */
public final class WorkerPool implements AutoCloseable {
  private static final int SPINS = 20_000;       // some 50 µs: the next loop of a step usually comes sooner
  private static final long NAP_NANOS = 50_000;
  private static final long BLOCK = 1 << 20;     // bytes of memory that one thread copies or clears at once
  private static final int NAPS = 100;           // some 10 ms: after that nobody trains, and a worker sleeps until it is called

  /** The body of a loop. */
  @FunctionalInterface
  public interface Body {
    /** @param block in [0, blocks); @param worker in [0, threads): for scratch memory of the worker's own */
    void run(int block, int worker);
  }

  private final int threads;
  private final Queue<Thread> sleepers = new ConcurrentLinkedQueue<>();
  private volatile Loop current;
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
    Loop loop = new Loop(body, blocks);
    current = loop;                              // the workers see it from here on
    wakeAll();
    loop.work(0);
    for (int spin = 0; loop.done.get() < blocks; spin++) {
      // a worker that holds a block may have lost its core to someone else: let it have this one
      if (spin < SPINS) Thread.onSpinWait();
      else Thread.yield();
    }
    current = null;
    if (loop.failure != null) throw new IllegalStateException("a worker failed", loop.failure);
  }

  /** Copies memory; the two must not overlap. */
  public void copy(long from, long to, long bytes) {
    inBlocks(bytes, (at, count) -> Raw.copy(from + at, to + at, count));
  }

  /** Sets every byte to zero. */
  public void zero(long address, long bytes) {
    inBlocks(bytes, (at, count) -> Raw.zero(address + at, count));
  }

  @FunctionalInterface
  private interface Bytes {
    void run(long at, long count);
  }

  private void inBlocks(long bytes, Bytes body) {
    run(Math.toIntExact((bytes + BLOCK - 1) / BLOCK),
        (block, worker) -> body.run(block * BLOCK, Math.min(BLOCK, bytes - block * BLOCK)));
  }

  private void serve(int worker) {
    Loop seen = null;
    while (!closed) {
      Loop loop = current;
      for (int spin = 0; (loop == null || loop == seen) && !closed; spin++) {
        if (spin < SPINS) Thread.onSpinWait();
        else if (spin < SPINS + NAPS) LockSupport.parkNanos(NAP_NANOS);
        else sleep(seen);
        loop = current;
      }
      if (closed) return;
      seen = loop;
      loop.work(worker);
    }
  }

  /** Until the next loop, or the pool's end; either comes after this worker can be seen among the sleepers, or is seen here. */
  private void sleep(Loop seen) {
    sleepers.add(Thread.currentThread());
    if ((current == null || current == seen) && !closed) LockSupport.park(this);
    sleepers.remove(Thread.currentThread());
  }

  private void wakeAll() {
    for (Thread sleeper; (sleeper = sleepers.poll()) != null;) LockSupport.unpark(sleeper);
  }

  /** One loop. It ends when its blocks are done, whether or not every worker has woken for it. */
  private static final class Loop {
    private final Body body;
    private final int blocks;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger done = new AtomicInteger();
    private volatile Throwable failure;

    Loop(Body body, int blocks) {
      this.body = body;
      this.blocks = blocks;
    }

    void work(int worker) {
      for (int i; (i = next.getAndIncrement()) < blocks;) {
        try {
          body.run(i, worker);
        } catch (Throwable e) {
          failure = e;
        } finally {
          done.incrementAndGet();
        }
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    wakeAll();
  }
}
