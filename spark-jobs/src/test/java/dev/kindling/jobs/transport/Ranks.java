package dev.kindling.jobs.transport;

import dev.kindling.train.collective.VirtualRankTree;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.spark.network.util.MapConfigProvider;
import org.apache.spark.network.util.TransportConf;

/** Several ranks of one run as threads of this process, connected over the loopback. */
final class Ranks implements AutoCloseable {
  interface Body<T> {
    T run(SparkCommunicator communicator) throws Exception;
  }

  static final RunSecret SECRET = new RunSecret("one secret for the test");
  final List<SparkCommunicator> communicators = new ArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  Ranks(int worldSize, int virtualRanks, Map<String, String> settings) {
    for (int r = 0; r < worldSize; r++) {
      communicators.add(SparkCommunicator.listen(r, worldSize, new VirtualRankTree(virtualRanks),
          link(settings, SECRET, 1)));
    }
  }

  static Link link(Map<String, String> settings, RunSecret secret, long epoch) {
    return link(settings, secret, epoch, Duration.ofSeconds(2));
  }

  static Link link(Map<String, String> settings, RunSecret secret, long epoch, Duration silence) {
    return new Link(new TransportConf("kindling", new MapConfigProvider(settings)), "run", secret, "127.0.0.1",
        PortRange.ANY, silence, epoch);
  }

  List<String> addresses() {
    return communicators.stream().map(SparkCommunicator::address).toList();
  }

  Ranks connected() throws Exception {
    List<String> addresses = addresses();
    all(c -> {
      c.connect(addresses);
      return null;
    });
    return this;
  }

  <T> Future<T> start(int rank, Body<T> body) {
    return threads.submit(() -> body.run(communicators.get(rank)));
  }

  /** Runs the same on all ranks at once. @return by rank */
  <T> List<T> all(Body<T> body) throws Exception {
    List<Future<T>> running = new ArrayList<>();
    for (int r = 0; r < communicators.size(); r++) running.add(start(r, body));
    List<T> results = new ArrayList<>();
    for (Future<T> f : running) results.add(get(f));
    return results;
  }

  static <T> T get(Future<T> future) throws Exception {
    try {
      return future.get(60, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) throw cause;
      throw e;
    }
  }

  @Override
  public void close() {
    communicators.forEach(SparkCommunicator::close);
    threads.shutdownNow();
  }
}
