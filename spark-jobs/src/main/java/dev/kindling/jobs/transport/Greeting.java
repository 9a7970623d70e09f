package dev.kindling.jobs.transport;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.spark.network.client.RpcResponseCallback;

/**
 * Waits until the connections to all peers are open and each has answered HELLO, for all of them at once. Ranks greet one another while
 * their processes start, when processors are busiest: peers have more time for it than they may be silent once the ranks run, and what
 * this rank misses itself does not count. One that has died is known at once by its connection. The {@link Exchange}'s monitor guards
 * what is known.
 */
final class Greeting {
  private static final int PATIENCE = 3;         // times the silence that is allowed to a rank that runs
  private static final int LOOKS = 20;           // within that silence
  private final Exchange exchange;
  private final long silenceNanos;
  private final long eachMillis;                 // between two looks
  private final SortedMap<Integer, String> awaited = new TreeMap<>();   // by rank: who it is
  private WatchedTime watched;
  private long since;                            // later where this rank was late itself
  private String refusing;                       // null: no peer
  private Throwable refusal;

  /** @param addresses by rank, this rank's own included */
  Greeting(Exchange exchange, Duration silence, List<String> addresses) {
    this.exchange = exchange;
    this.silenceNanos = silence.toNanos();
    this.eachMillis = Math.max(1, silence.toMillis() / LOOKS);
    for (Peer peer : exchange.peers()) {
      awaited.put(peer.rank, "rank " + peer.rank + " at " + addresses.get(peer.rank));
    }
  }

  /**
   * Returns when all have answered.
   *
   * @throws IOException which begins with the peer that refuses or is gone, or with all that do not answer
   * @throws RankLostException where this rank is to end
   */
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
    if (awaited.isEmpty()) return true;
    if (refusal instanceof Error e) throw e;
    if (refusal != null) throw new IOException(refusing + ": " + told(refusal), refusal);
    exchange.throwIfFailed();
    long waited = now - since;
    if (waited > PATIENCE * silenceNanos) {
      throw new IOException(
          String.join(", ", awaited.values()) + ": no answer for " + TimeUnit.NANOSECONDS.toMillis(waited) + " ms");
    }
    return false;
  }

  /** What comes of HELLO to a peer. */
  RpcResponseCallback hello(Peer peer) {
    return new RpcResponseCallback() {
      @Override
      public void onSuccess(ByteBuffer none) {
        synchronized (exchange) {
          awaited.remove(peer.rank);
          exchange.notifyAll();
        }
      }

      @Override
      public void onFailure(Throwable e) {
        refused(peer, e);
      }
    };
  }

  /** The first refusal is the one that is told, but an error of the machine before all. */
  void refused(Peer peer, Throwable why) {
    synchronized (exchange) {
      boolean first = refusal == null && awaited.containsKey(peer.rank);
      if (!first && (!(why instanceof Error) || refusal instanceof Error)) return;
      refusing = awaited.get(peer.rank);
      refusal = why;
      exchange.notifyAll();
    }
  }

  private static String told(Throwable refusal) {
    return refusal.getMessage() == null ? refusal.toString() : refusal.getMessage();
  }
}
