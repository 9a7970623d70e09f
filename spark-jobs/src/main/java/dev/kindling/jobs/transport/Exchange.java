package dev.kindling.jobs.transport;

import dev.kindling.jobs.transport.Message.Kind;
import io.netty.channel.Channel;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.TransportClient;

/**
 * What a rank knows of the call under way and of its peers: one monitor between the rank's own thread, which waits in it,
 * and the event loops, which report to it. Nothing that belongs to a call is written before {@link #begin} or after the
 * call's end, and after a failure nothing is written at all: the caller's memory may then be given back. Private methods run
 * with the monitor held.
 */
final class Exchange {
  /** Pieces on the way to one peer: with TLS all that is queued is encrypted at once, in memory. */
  private static final int WINDOW = 16;
  /** Bytes of a small value at most. */
  static final int LARGEST_VALUE = 64 << 20;

  private final int rank;
  private final long epoch;
  private final long silenceNanos;
  private final Peer[] peers;                    // null at this rank's own place
  private long call;
  private long[] plans;                          // by rank: a number that both ends of a call share
  private Incoming incoming = Incoming.NOTHING;
  private int writing;                           // event loops that are copying into the caller's memory
  private long events;
  private RankLostException failure;

  Exchange(int rank, int worldSize, long epoch, Duration silence) {
    this.rank = rank;
    this.epoch = epoch;
    this.silenceNanos = silence.toNanos();
    this.peers = new Peer[worldSize];
    for (int i = 0; i < worldSize; i++) if (i != rank) peers[i] = new Peer(i);
  }

  /** All but this rank, the next one first, so that not all ranks send to one at once. */
  List<Peer> peers() {
    List<Peer> others = new ArrayList<>();
    for (int i = 1; i < peers.length; i++) others.add(peers[(rank + i) % peers.length]);
    return others;
  }

  long epoch() {
    return epoch;
  }

  /** @throws RankLostException where every wait has ended: then the client is closed */
  synchronized void connected(Peer peer, TransportClient client) {
    if (failure != null) client.close();
    throwIfFailed();
    peer.client = client;
  }

  /** Starts the next call, alike for all peers: from now on they may write into {@code in}. @return the call's number */
  long begin(long plan, Incoming in) {
    long[] alike = new long[peers.length];
    Arrays.fill(alike, plan);
    return begin(alike, in);
  }

  /** The same. @param plans by rank: a number that this rank and that one share when they make the same call */
  synchronized long begin(long[] plans, Incoming in) {
    throwIfFailed();
    call++;
    this.plans = plans;
    this.incoming = in;
    for (Peer peer : peers()) { if (peer.readyCall == call) holdToPlan(peer); }
    throwIfFailed();
    return call;
  }

  synchronized void end() {
    incoming = Incoming.NOTHING;
  }

  /** This rank's own thread has something new to send. */
  synchronized void changed() {
    events++;
    notifyAll();
  }

  /** A count that grows with everything that happens. */
  synchronized long events() {
    return events;
  }

  /** Waits until something happened since {@code seen} was read; {@link SignsOfLife} see to it that something does. */
  synchronized void await(long seen) {
    throwIfFailed();
    if (events != seen) return;
    try {
      wait(TimeUnit.NANOSECONDS.toMillis(silenceNanos));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      fail(new RankLostException("rank " + rank + " was interrupted", e));
    }
    throwIfFailed();
  }

  /** Takes a place in the window to a peer that is ready for this call. @return false: not now */
  synchronized boolean mayPush(Peer peer) {
    throwIfFailed();
    if (peer.readyCall < call || peer.unacknowledged >= WINDOW) return false;
    peer.unacknowledged++;
    return true;
  }

  /** Whether every peer is in this call or a later one and has received all that was pushed to it. */
  synchronized boolean isDelivered() {
    return all(peer -> peer.readyCall >= call && peer.unacknowledged == 0);
  }

  /** Whether every peer has computed all that it sends in a call. */
  synchronized boolean allComplete(long of) {
    return all(peer -> peer.completeCall >= of);
  }

  /** Whether the last {@code bytes} of every part of this call have come. */
  synchronized boolean has(long bytes) {
    return incoming.has(bytes);
  }

  synchronized boolean hasValues() {
    return all(peer -> peer.values.containsKey(call));
  }

  synchronized byte[] takeValue(int from) {
    return peers[from].values.remove(call);
  }

  /** Whether every peer has said that it leaves, and knows that this rank does. */
  synchronized boolean allHaveLeft() {
    return all(peer -> peer.leaving && (peer.gone || peer.unacknowledged == 0));
  }

  void farewell() {
    for (Peer peer : peers()) {
      synchronized (this) {
        peer.unacknowledged++;
      }
      peer.client.sendRpc(Message.leave(epoch), delivery(peer));
    }
  }

  /** Sends a short message; what becomes of it is reported here. */
  void tell(Peer peer, ByteBuffer message) {
    peer.client.sendRpc(message, new RpcResponseCallback() {
      @Override
      public void onSuccess(ByteBuffer none) {
        isAlive(peer);                           // nobody waits for it
      }

      @Override
      public void onFailure(Throwable e) {
        lost(peer, e);
      }
    });
  }

  /** What becomes of a piece that was pushed. */
  RpcResponseCallback delivery(Peer peer) {
    return new RpcResponseCallback() {
      @Override
      public void onSuccess(ByteBuffer none) {
        delivered(peer);
      }

      @Override
      public void onFailure(Throwable e) {
        lost(peer, e);
      }
    };
  }

  /** The window is filled again when half of it is free: to wake the rank's thread for each piece would cost as much as a piece. */
  private synchronized void delivered(Peer peer) {
    peer.unacknowledged--;
    if (peer.unacknowledged == 0 || peer.unacknowledged == WINDOW / 2) heard(peer);
    else isAlive(peer);
  }

  /** Ends every wait. */
  synchronized void fail(RankLostException e) {
    if (failure == null) failure = e;
    events++;
    notifyAll();
  }

  /** What has ended every wait, or null. */
  synchronized RankLostException failure() {
    return failure;
  }

  synchronized void throwIfFailed() {
    if (failure != null) throw new RankLostException(failure.getMessage(), failure);
  }

  /** Returns when no event loop reads or writes the caller's memory any more, and none will. */
  void quiesce() {
    fail(new RankLostException("rank " + rank + " has closed its connections"));
    for (Peer peer : peers()) {
      if (peer.client != null) peer.client.close();
      Channel inbound = peer.inbound;
      if (inbound != null) inbound.close();
    }
    boolean interrupted = false;
    synchronized (this) {
      while (writing > 0) {
        try {
          wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) Thread.currentThread().interrupt();
  }

  /** A connection has said which rank it is. */
  synchronized Peer met(int from, Channel channel) {
    if (from < 0 || from >= peers.length || from == rank)
      throw new IllegalArgumentException("there is no rank " + from);
    Peer peer = peers[from];
    if (peer.inbound != null) throw new IllegalStateException("rank " + from + " is connected already");
    peer.inbound = channel;
    return peer;
  }

  synchronized void ready(Peer peer, long of, long itsPlan) {
    holdToCall(peer, of);
    peer.readyCall = of;
    peer.readyPlan = itsPlan;
    if (of == call) holdToPlan(peer);
    heard(peer);
  }

  synchronized void complete(Peer peer, long of) {
    holdToCall(peer, of);
    peer.completeCall = of;
    heard(peer);
  }

  synchronized void value(Peer peer, long of, byte[] value) {
    holdToCall(peer, of);
    peer.values.put(of, value);
    heard(peer);
  }

  synchronized void leaving(Peer peer) {
    peer.leaving = true;
    heard(peer);
  }

  /** Where a piece belongs. */
  synchronized ByteBuffer accept(Peer peer, long of, int part, long at) {
    if (of != call || failure != null) throw new IllegalStateException(peer + " sends a piece of call " + of);
    return incoming.target(peer.rank, part, at);
  }

  /** Copies bytes of a piece to where they belong, unless the call has ended. */
  void write(Peer peer, long of, ByteBuffer bytes, ByteBuffer target) {
    synchronized (this) {
      if (of != call || failure != null) throw new IllegalStateException(peer + " sends a piece of call " + of);
      writing++;
    }
    try {
      target.put(bytes);                         // the one copy
    } finally {
      synchronized (this) {
        // only who closes waits for this; to wake the rank's thread for every read of a socket would cost as much as the bytes
        if (--writing == 0 && failure != null) notifyAll();
      }
    }
  }

  synchronized void arrived(Peer peer, long of, int part, int bytes) {
    if (of != call) throw new IllegalStateException(peer + " sends a piece of call " + of);
    incoming.received(peer.rank, part, bytes);
    if (incoming.isAwaited()) heard(peer);
    else isAlive(peer);
  }

  /** A sign of life that changes nothing of the call. */
  private synchronized void isAlive(Peer peer) {
    peer.heard = System.nanoTime();
  }

  synchronized void heard(Peer peer) {
    isAlive(peer);
    events++;
    notifyAll();
  }

  /** A connection to or from a peer has ended. A peer that leaves is no loss: it knows all that it has to. */
  synchronized void lost(Peer peer, Throwable cause) {
    if (peer.leaving) {
      peer.gone = true;
      heard(peer);
    } else {
      fail(new RankLostException(peer + " is lost: " + cause.getMessage(), cause));
    }
  }

  /** A peer is in the call that this rank is in, or in the next one: see {@link SparkCommunicator}. */
  private void holdToCall(Peer peer, long of) {
    if (of != call && of != call + 1) {
      throw new IllegalStateException(peer + " is in call " + of + ", this rank in " + call);
    }
  }

  private void holdToPlan(Peer peer) {
    if (peer.readyPlan != plans[peer.rank]) {
      fail(
          new RankLostException(peer + " makes another call than rank " + rank + ": " + Kind.READY + " for call " + call
              + " with other shards, or another kind of call (plan " + Long.toHexString(peer.readyPlan) + " there, "
              + Long.toHexString(plans[peer.rank]) + " here)"));
    }
  }

  private boolean all(Predicate<Peer> holds) {
    for (Peer peer : peers) if (peer != null && !holds.test(peer)) return false;
    return true;
  }
}
