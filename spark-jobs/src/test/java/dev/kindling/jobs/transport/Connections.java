package dev.kindling.jobs.transport;

import dev.kindling.train.collective.Communicator;
import io.netty.channel.Channel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What a network does to the connections from a rank to its peers. */
public final class Connections {
  private Connections() {
  }

  /** They end, as when a line breaks. */
  public static void cut(Communicator rank) {
    channels(rank).forEach(Channel::close);
  }

  /** What goes through them, either way, waits for that long. */
  public static void stall(Communicator rank, Duration time) {
    channels(rank).forEach(channel -> channel.eventLoop().execute(() -> sleep(time)));
  }

  /** The classes of what bytes go through, connection by connection, those from the peers too. */
  public static List<List<String>> handlers(Communicator rank) {
    List<Channel> all = new ArrayList<>(channels(rank));
    ((SparkCommunicator) rank).peers().forEach(peer -> all.add(peer.inbound));
    return all.stream().map(
        channel -> channel.pipeline().toMap().values().stream().map(handler -> handler.getClass().getName()).toList())
        .toList();
  }

  private static List<Channel> channels(Communicator rank) {
    return ((SparkCommunicator) rank).peers().stream().map(peer -> peer.client.getChannel()).toList();
  }

  private static void sleep(Duration time) {
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
