package dev.kindling.jobs.transport;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.spark.network.client.RpcResponseCallback;

/**
 * Asks peers that are silent for a sign of life, also while this rank computes: their event loops give it. One that gives none in time
 * fails the {@link Exchange}, whose monitor guards what is known of peers.
 */
final class SignsOfLife {
  private static final int LOOKS = 20;           // within the allowed silence
  private final Exchange exchange;
  private final long silenceNanos;
  private final long eachMillis;                 // between two looks
  private WatchedTime watched;

  SignsOfLife(Exchange exchange, Duration silence) {
    this.exchange = exchange;
    this.silenceNanos = silence.toNanos();
    this.eachMillis = Math.max(1, silence.toMillis() / LOOKS);
  }

  /** A thread's whole work, from when all peers are connected. @return the exchange's first failure */
  RankLostException watch() throws InterruptedException {
    synchronized (exchange) {
      begin(System.nanoTime());
      while (exchange.failure() == null) {
        exchange.wait(eachMillis);
        look(System.nanoTime());
      }
      return exchange.failure();
    }
  }

  void begin(long now) {
    watched = new WatchedTime(TimeUnit.MILLISECONDS.toNanos(eachMillis), silenceNanos / 2, now);
    for (Peer peer : exchange.peers()) peer.heard = now;
  }

  /** With the exchange's monitor held. */
  void look(long now) {
    long missed = watched.missed(now);
    for (Peer peer : exchange.peers()) {
      peer.heard = WatchedTime.excused(peer.heard, missed, now);
      askIfSilent(peer, now);
    }
  }

  private void askIfSilent(Peer peer, long now) {
    long silent = now - peer.heard;
    if (peer.leaving) return;
    if (silent > silenceNanos) {
      exchange.fail(
          new RankLostException(peer + " has been silent for " + TimeUnit.NANOSECONDS.toMillis(silent) + " ms"));
    } else if (silent > silenceNanos / 4 && !peer.pinging) { ping(peer); }
  }

  private void ping(Peer peer) {
    peer.pinging = true;
    peer.client.sendRpc(Message.ping(exchange.epoch()), new RpcResponseCallback() {
      @Override
      public void onSuccess(ByteBuffer none) {
        synchronized (exchange) {
          peer.pinging = false;
          peer.heard = System.nanoTime();        // no event: nobody waits for a ping
        }
      }

      @Override
      public void onFailure(Throwable e) {
        exchange.lost(peer, e);
      }
    });
  }
}
