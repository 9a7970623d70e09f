package dev.kindling.jobs.transport;

import dev.kindling.train.collective.Communicator.Reduction;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/**
 * One call that moves vectors: sends what is complete, from the vectors' ends on, lets its work go on with what has come, and
 * ends when all is done. It runs on the caller's thread, or beside the caller, who then tells how much is complete.
 */
final class Transfer implements Reduction {
  /** What a rank makes of what comes. */
  interface Work {
    /** @param complete elements of this rank's own vectors from here on are; @return whether something was done */
    boolean step(long complete);

    boolean isDone();
  }

  private final Exchange exchange;
  private final long[] plans;
  private final Incoming in;
  private final List<Outgoing> out;
  private final Work work;
  private volatile long call;                    // 0: it has not begun
  private volatile long complete;                // elements from this one on may leave
  private boolean tells;                         // peers are told when all is complete, and wait for it
  private Future<?> running;

  /** @param plans by rank: a number that both ends share when they make the same call */
  Transfer(Exchange exchange, long[] plans, Incoming in, List<Outgoing> out, Work work) {
    this.exchange = exchange;
    this.plans = plans;
    this.in = in;
    this.out = out;
    this.work = work;
  }

  /** @param size of the vectors, of which nothing is complete yet */
  Transfer beside(ExecutorService courier, long size) {
    complete = size;
    tells = true;
    running = courier.submit(this::run);
    return this;
  }

  /** A transfer that fails leaves no connection open, so that nothing reads or writes the caller's memory afterwards. */
  void run() {
    try {
      call = exchange.begin(plans, in);
      exchange.changed();                        // who meets may have waited for nothing else
      for (Peer peer : exchange.peers()) {
        exchange.tell(peer, Message.ready(exchange.epoch(), call, plans[peer.rank]));
      }
      boolean told = !tells;
      while (true) {
        long seen = exchange.events();
        long from = complete;
        if (!told && from == 0) {
          for (Peer peer : exchange.peers()) exchange.tell(peer, Message.complete(exchange.epoch(), call));
          told = true;
        }
        if (move(from)) continue;
        if (told && isDone()) break;
        exchange.await(seen);
      }
      exchange.end();
    } catch (RuntimeException | Error e) {
      exchange.quiesce();
      throw e;
    }
  }

  private boolean move(long from) {
    boolean moved = false;
    for (Outgoing o : out) moved |= o.push(call, from);
    return moved | work.step(from);
  }

  private boolean isDone() {
    return out.stream().allMatch(Outgoing::isDone) && work.isDone() && exchange.isDelivered()
        && (!tells || exchange.allComplete(call));
  }

  @Override
  public void complete(long from) {
    if (from > complete) throw new IllegalArgumentException("complete from " + from + " on, after " + complete);
    exchange.throwIfFailed();
    complete = from;
    exchange.changed();
  }

  @Override
  public void meet() {
    complete(0);
    while (true) {
      long seen = exchange.events();
      if (call > 0 && exchange.allComplete(call)) return;
      exchange.await(seen);
    }
  }

  @Override
  public void finish() {
    complete(0);
    Throwable failure = ended();
    if (failure instanceof Error e) throw e;
    if (failure instanceof RuntimeException e) throw e;
  }

  @Override
  public void close() {
    if (running.isDone()) return;
    exchange.fail(new RankLostException("this rank has given up a sum that was under way"));
    ended();
  }

  /** Waits, however often it is interrupted: the memory is in use until then. @return what it failed with, or null */
  private Throwable ended() {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          running.get();
          return null;
        } catch (ExecutionException e) {
          return e.getCause();
        } catch (InterruptedException e) {
          interrupted = true;
          exchange.fail(new RankLostException("this rank was interrupted", e));
        }
      }
    } finally {
      if (interrupted) Thread.currentThread().interrupt();
    }
  }
}
