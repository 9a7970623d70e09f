package dev.kindling.jobs.train;

import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.FencedException;
import dev.kindling.jobs.transport.RankLostException;
import dev.kindling.train.loop.StopRequest;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.spark.SparkEnv;
import org.apache.spark.rpc.RpcEndpointRef;
import org.apache.spark.rpc.RpcTimeout;
import org.apache.spark.rpc.RpcTimeoutException;
import org.apache.spark.util.RpcUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.concurrent.duration.FiniteDuration;
import scala.reflect.ClassTag;

/**
 * A rank's end of the {@link DriverLine}: a thread of its own gives signs of life and takes the driver's orders. What
 * it cannot tell is logged and stops nothing.
 */
public final class ToDriver implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ToDriver.class);
  private static final long PATIENCE_SECONDS = 5;
  private static final long SHORTEST_PAUSE_MILLIS = 20;
  private static final long LONGEST_PAUSE_MILLIS = 250;
  private final RpcEndpointRef driver;           // null: not reached
  private final AtomicBoolean failureTold = new AtomicBoolean();
  private volatile Optional<Thread> signs = Optional.empty();
  private volatile boolean closed;
  private volatile StopRequest order = StopRequest.NONE;
  private volatile Consumer<StopRequest> obey = stop -> {};

  private ToDriver(RpcEndpointRef driver) {
    this.driver = driver;
  }

  static ToDriver connect(String name) {
    try {
      return new ToDriver(RpcUtils.makeDriverRef(name, SparkEnv.get().conf(), SparkEnv.get().rpcEnv()));
    } catch (Exception e) {                      // Spark's checked exceptions are not declared
      keepInterrupt(e);
      LOG.warn("The driver cannot be told of progress", e);
      return new ToDriver(null);
    }
  }

  /** Gives signs of life from now on until this is closed. */
  ToDriver alive(int rank) {
    if (driver == null) return this;
    String executor = SparkEnv.get().executorId();
    AliveSigns given = new AliveSigns(rank, executor, this::ask, Thread::sleep, this::ordered);
    Thread thread = new Thread(() -> {
      given.giveUntil(() -> closed);
      send(DriverLine.ENDED, Integer.toString(rank), executor);
    }, "kindling-alive-" + rank);
    thread.setDaemon(true);
    signs = Optional.of(thread);
    thread.start();
    return this;
  }

  private void ordered(StopRequest stop) {
    order = stop;
    if (stop != StopRequest.NONE) obey.accept(stop);
  }

  /** Who does what the driver orders, from now on; may be told more than once. */
  public void onOrder(Consumer<StopRequest> who) {
    obey = who;
    if (order != StopRequest.NONE) who.accept(order);
  }

  /**
   * Tells the others something, and waits until all have. Spark's own {@code allGather} looks for the last one once a second.
   *
   * @param patience how long the others are waited for; @param interrupted whether this rank's task is to end
   * @return what each rank told, by rank
   * @throws RankLostException which names the ranks that have not come
   */
  List<String> meet(int rank, int worldSize, String what, Duration patience, BooleanSupplier interrupted)
      throws Exception {
    if (driver == null) throw new RankLostException("rank " + rank + " cannot reach the driver");
    String[] message = {DriverLine.MEET, Integer.toString(rank), Integer.toString(worldSize), what};
    String missing = "";
    long begun = System.nanoTime();
    while (!interrupted.getAsBoolean()) {
      try {
        Object answer = ask(message, PATIENCE_SECONDS);
        if (answer instanceof String[] told) return List.of(told);
        missing = answer.toString();
      } catch (RpcTimeoutException e) {
        LOG.warn("The driver did not answer where the other ranks are: {}", e.toString());
      }
      Duration waited = Duration.ofNanos(System.nanoTime() - begun);
      if (waited.compareTo(patience) > 0) throw missing(rank, worldSize, missing, patience);
      Thread.sleep(pauseMillis(waited));
    }
    throw new RankLostException("rank " + rank + " was told to end before all ranks had come");
  }

  /** Ranks come within moments of one another, or something is wrong, and then many that wait shall not keep the driver busy. */
  static long pauseMillis(Duration waited) {
    return Math.max(SHORTEST_PAUSE_MILLIS, Math.min(LONGEST_PAUSE_MILLIS, waited.toMillis() / 100));
  }

  /** @param missing numbers of ranks; empty where the driver has never answered */
  private static RankLostException missing(int rank, int worldSize, String missing, Duration patience) {
    String seconds = patience.toMillis() / 1000.0 + " s";
    if (missing.isEmpty()) {
      return new RankLostException("the driver did not answer rank " + rank + " for " + seconds
          + ", where the other ranks are");
    }
    return new RankLostException((missing.contains(" ") ? "ranks " : "rank ") + missing + " of " + worldSize
        + " had not come to meet the others after " + seconds);
  }

  private Object ask(String[] message, long seconds) throws Exception {
    return driver.askSync(message, new RpcTimeout(new FiniteDuration(seconds, TimeUnit.SECONDS), "kindling"),
        ClassTag.Any());
  }

  /** Says goodbye. */
  @Override
  public void close() {
    closed = true;
    signs.ifPresent(Thread::interrupt);
  }

  /** Tells the driver a line of progress. */
  public void say(String line) {
    LOG.info(line);
    if (driver != null) send(DriverLine.SAY, line);
  }

  /** Tells the driver something that is meant for no reader of lines. */
  void tell(String... fact) {
    String[] message = new String[fact.length + 1];
    message[0] = DriverLine.FACT;
    System.arraycopy(fact, 0, message, 1, fact.length);
    if (driver != null) send(message);
  }

  private void send(String... message) {
    try {
      driver.send(message);
    } catch (Exception e) {                      // in the driver's own process Spark throws, undeclared, when nobody listens
      LOG.warn("The driver does not listen any more: {}", e.toString());
    }
  }

  /** Returns when the driver knows: before it hears from Spark that the task ended. Only the first failure is told. */
  void failed(int rank, Throwable why) {
    if (driver == null || failureTold.getAndSet(true)) return;
    boolean userError = why instanceof UserError || why instanceof FencedException;
    boolean peerLoss = why instanceof RankLostException;
    String[] message = {DriverLine.FAILED, Integer.toString(rank), Boolean.toString(userError),
        Boolean.toString(peerLoss), userError || peerLoss ? String.valueOf(why.getMessage()) : firstLine(why),
        userError || peerLoss ? "" : stack(why)};
    try {
      ask(message, PATIENCE_SECONDS);
    } catch (Exception e) {
      keepInterrupt(e);
      LOG.warn("The driver cannot be told why rank {} failed", rank, e);
    }
  }

  /** What Hadoop's clients say ends with the server's stack. */
  private static String firstLine(Throwable why) {
    return why.toString().lines().findFirst().orElse("");
  }

  private static String stack(Throwable why) {
    StringWriter all = new StringWriter();
    why.printStackTrace(new PrintWriter(all, true));
    return all.toString();
  }

  private static void keepInterrupt(Exception e) {
    if (e instanceof InterruptedException) Thread.currentThread().interrupt();
  }
}
