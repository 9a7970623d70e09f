package dev.kindling.jobs.train;

import dev.kindling.jobs.transport.WatchedTime;
import dev.kindling.train.loop.StopRequest;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.SparkContext;
import org.apache.spark.rpc.RpcCallContext;
import org.apache.spark.rpc.RpcEndpointRef;
import org.apache.spark.rpc.RpcEnv;
import org.apache.spark.rpc.ThreadSafeRpcEndpoint;
import scala.PartialFunction;
import scala.runtime.AbstractPartialFunction;
import scala.runtime.BoxedUnit;

/**
 * What ranks tell the driver while they run: where they listen, that they live, lines of progress, and why they failed; and what
 * the driver answers: where the other ranks are, whether the run shall end. It is an endpoint of Spark's own remote calls, so it needs no port, host or secret of its own and works wherever executors reach their driver (heartbeats
 * and accumulators, the public ways, come every 10 seconds, and not at all from a task that fails).
 */
public final class DriverLine implements AutoCloseable {
  /**
   * A rank's end.
   *
   * @param userError whether the user can mend it; @param peerLoss whether it only noticed that another rank ended
   * @param stack of an exception that is neither, or empty
   */
  public record Failure(int rank, boolean userError, boolean peerLoss, String message, String stack) {}

  /** A rank's last sign of life. @param executor where it is; @param nanos when; @param ended whether it said goodbye */
  record Sign(int rank, String executor, long nanos, boolean ended) {
    long age(long now) {
      return now - nanos;
    }
  }

  static final String ALIVE = "alive";
  static final String ENDED = "ended";
  static final String SAY = "say";
  static final String FACT = "fact";
  static final String FAILED = "failed";
  static final String MEET = "meet";

  private static final long DRAIN_SECONDS = 5;
  private static final int MOST_NAMED = 16;              // ranks that others wait for

  private final Consumer<String> progress;
  private final Consumer<String[]> facts;
  /** Lines are handed on by a thread of their own: one that is told slowly must not make the ranks look silent. */
  private final ExecutorService teller = Executors.newSingleThreadExecutor(work -> {
    Thread thread = new Thread(work, "kindling-progress");
    thread.setDaemon(true);
    return thread;
  });
  private final List<Failure> failures = new CopyOnWriteArrayList<>();
  private final Map<Integer, Sign> signs = new ConcurrentHashMap<>();
  private final Map<Integer, String> meeting = new ConcurrentHashMap<>();
  private final AtomicReference<StopRequest> order = new AtomicReference<>(StopRequest.NONE);
  private final RpcEnv environment;
  private final RpcEndpointRef reference;

  public DriverLine(SparkContext spark, Consumer<String> progress) {
    this(spark, progress, fact -> {});
  }

  /** @param facts is given what {@link ToDriver#tell} was, in the order of the lines */
  DriverLine(SparkContext spark, Consumer<String> progress, Consumer<String[]> facts) {
    this.progress = progress;
    this.facts = facts;
    this.environment = spark.env().rpcEnv();
    this.reference = environment.setupEndpoint("kindling-" + UUID.randomUUID(), new Endpoint());
  }

  /** What ranks call it. */
  String name() {
    return reference.name();
  }

  /** So far, in the order of their coming. */
  public List<Failure> failures() {
    return List.copyOf(failures);
  }

  /** The last of every rank that has given one. */
  List<Sign> signs() {
    return List.copyOf(signs.values());
  }

  /** Takes all ranks as heard of that much later: the driver itself was late. @param missed see {@link WatchedTime} */
  void excuse(long missed, long now) {
    if (missed == 0) return;
    signs.replaceAll(
        (rank, s) -> new Sign(rank, s.executor(), WatchedTime.excused(s.nanos(), missed, now), s.ended()));
  }

  /** Tells all ranks, with their next sign of life, that the run shall end. */
  void order(StopRequest stop) {
    order.accumulateAndGet(stop, StopRequest::or);
  }

  StopRequest order() {
    return order.get();
  }

  void say(String line) {
    teller.execute(() -> progress.accept(line));
  }

  @Override
  public void close() {
    environment.stop(reference);
    teller.shutdown();
    try {
      teller.awaitTermination(DRAIN_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void take(Object message) {
    if (!(message instanceof String[] words) || words.length == 0) return;
    if ((words[0].equals(ALIVE) || words[0].equals(ENDED)) && words.length == 3) {
      int rank = Integer.parseInt(words[1]);
      signs.put(rank, new Sign(rank, words[2], System.nanoTime(), words[0].equals(ENDED)));
    } else if (words[0].equals(SAY) && words.length == 2) {
      say(words[1]);
    } else if (words[0].equals(FACT)) {
      teller.execute(() -> facts.accept(Arrays.copyOfRange(words, 1, words.length)));
    } else if (words[0].equals(FAILED) && words.length == 6) {
      failures
          .add(new Failure(Integer.parseInt(words[1]), Boolean.parseBoolean(words[2]), Boolean.parseBoolean(words[3]),
              words[4], words[5]));
    }
  }

  /**
   * What the ranks told, by rank, once all have come; before, as one text, which have not: a thousand that wait ask often.
   *
   * @return strings, or a string
   */
  private Object meet(String[] words) {
    meeting.put(Integer.parseInt(words[1]), words[3]);
    int worldSize = Integer.parseInt(words[2]);
    int missing = worldSize - meeting.size();
    if (missing == 0) return IntStream.range(0, worldSize).mapToObj(meeting::get).toArray(String[]::new);
    String named = IntStream.range(0, worldSize).filter(rank -> !meeting.containsKey(rank)).limit(MOST_NAMED)
        .mapToObj(Integer::toString).collect(Collectors.joining(", "));
    return missing > MOST_NAMED ? named + " and " + (missing - MOST_NAMED) + " more" : named;
  }

  /** Strings and arrays of them only: every class loader knows them. */
  private final class Endpoint implements ThreadSafeRpcEndpoint {
    @Override
    public RpcEnv rpcEnv() {
      return environment;
    }

    @Override
    public PartialFunction<Object, BoxedUnit> receive() {
      return new Receiver(message -> take(message));
    }

    @Override
    public PartialFunction<Object, BoxedUnit> receiveAndReply(RpcCallContext context) {
      return new Receiver(message -> {
        take(message);
        boolean meets = message instanceof String[] words && words.length == 4 && words[0].equals(MEET);
        context.reply(meets ? meet((String[]) message) : order.get().name());
      });
    }
  }

  private static final class Receiver extends AbstractPartialFunction<Object, BoxedUnit> {
    private final Consumer<Object> take;

    Receiver(Consumer<Object> take) {
      this.take = take;
    }

    @Override
    public boolean isDefinedAt(Object message) {
      return true;
    }

    @Override
    public BoxedUnit apply(Object message) {
      take.accept(message);
      return BoxedUnit.UNIT;
    }
  }
}
