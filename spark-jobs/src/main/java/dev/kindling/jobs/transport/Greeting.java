package dev.kindling.jobs.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.spark.network.client.RpcResponseCallback;

/**
 * Waits for a peer's answer to HELLO. Ranks greet one another while their processes start, when processors are busiest: a peer has
 * more time for it than it may be silent once the ranks run, and what this rank misses itself does not count. One that has died is
 * known at once by its connection. The {@link Exchange}'s monitor guards what is known.
 */
final class Greeting implements RpcResponseCallback {
  private static final int PATIENCE = 3;         // times the silence that is allowed to a rank that runs
  private static final int LOOKS = 20;           // within that silence
  private final Exchange exchange;
  private final long silenceNanos;
  private final long eachMillis;                 // between two looks
  private WatchedTime watched;
  private long since;                            // later where this rank was late itself
  private boolean answered;
  private Throwable refusal;                     // null: none

  Greeting(Exchange exchange, Duration silence) {
    this.exchange = exchange;
    this.silenceNanos = silence.toNanos();
    this.eachMillis = Math.max(1, silence.toMillis() / LOOKS);
  }

  /** @throws IOException where the peer refuses, is gone or does not answer; @throws RankLostException where this rank is to end */
  void await() throws IOException, InterruptedException {
    synchronized (exchange) {
      begin(System.nanoTime());
      while (!isAnswered(System.nanoTime())) exchange.wait(eachMillis);
    }
  }

  void begin(long now) {
    watched = new WatchedTime(TimeUnit.MILLISECONDS.toNanos(eachMillis), silenceNanos / 2, now);
    since = now;
  }

  /** With the exchange's monitor held. */
  boolean isAnswered(long now) throws IOException {
    since = WatchedTime.excused(since, watched.missed(now), now);
    if (answered) return true;
    if (refusal != null) throw new IOException(refusal.getMessage(), refusal);
    exchange.throwIfFailed();
    long waited = now - since;
    if (waited > PATIENCE * silenceNanos)
      throw new IOException("it has not answered for " + TimeUnit.NANOSECONDS.toMillis(waited) + " ms");
    return false;
  }

  @Override
  public void onSuccess(ByteBuffer none) {
    synchronized (exchange) {
      answered = true;
      exchange.notifyAll();
    }
  }

  @Override
  public void onFailure(Throwable e) {
    synchronized (exchange) {
      refusal = e;
      exchange.notifyAll();
    }
  }
}
