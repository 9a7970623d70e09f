package dev.kindling.jobs.transport;

import io.netty.channel.Channel;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.network.client.TransportClient;

/** What this rank knows of one other. Guarded by the {@link Exchange}. */
final class Peer {
  final int rank;
  TransportClient client;                        // from here to there
  Channel inbound;                               // from there to here
  long heard;                                    // System.nanoTime of the last sign of life
  boolean pinging;
  int unacknowledged;                            // pieces on the way there
  long readyCall;                                // the latest call that it announced
  long readyPlan;
  long completeCall;                             // the latest call for which it has computed all that it sends
  boolean leaving;
  boolean gone;                                  // left, and a connection has ended
  final Map<Long, byte[]> values = new HashMap<>();   // by call; of this one and the next

  Peer(int rank) {
    this.rank = rank;
  }

  @Override
  public String toString() {
    return client == null ? "rank " + rank : "rank " + rank + " (" + client.getSocketAddress() + ")";
  }
}
