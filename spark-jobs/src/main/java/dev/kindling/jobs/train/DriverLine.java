package dev.kindling.jobs.train;

import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.apache.spark.SparkContext;
import org.apache.spark.rpc.RpcCallContext;
import org.apache.spark.rpc.RpcEndpointRef;
import org.apache.spark.rpc.RpcEnv;
import org.apache.spark.rpc.ThreadSafeRpcEndpoint;
import scala.PartialFunction;
import scala.runtime.AbstractPartialFunction;
import scala.runtime.BoxedUnit;

/**
 * What ranks tell the driver while they run: lines of progress, and why they failed. It is an endpoint of Spark's own
 * remote calls, so it needs no port, host or secret of its own and works wherever executors reach their driver (heartbeats
 * and accumulators, the public ways, come every 10 seconds, and not at all from a task that fails).
 */
public final class DriverLine implements AutoCloseable {
  /** A rank's end. @param userError whether the user can mend it; @param peerLoss whether it only noticed that another rank ended */
  public record Failure(int rank, boolean userError, boolean peerLoss, String message) {}

  static final String SAY = "say";
  static final String FAILED = "failed";

  private final Consumer<String> progress;
  private final List<Failure> failures = new CopyOnWriteArrayList<>();
  private final RpcEnv environment;
  private final RpcEndpointRef reference;

  public DriverLine(SparkContext spark, Consumer<String> progress) {
    this.progress = progress;
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

  @Override
  public void close() {
    environment.stop(reference);
  }

  private void take(Object message) {
    if (!(message instanceof String[] words) || words.length == 0) return;
    if (words[0].equals(SAY) && words.length == 2) {
      progress.accept(words[1]);
    } else if (words[0].equals(FAILED) && words.length == 5) {
      failures
          .add(new Failure(Integer.parseInt(words[1]), Boolean.parseBoolean(words[2]), Boolean.parseBoolean(words[3]),
              words[4]));
    }
  }

  /** Arrays of strings only: every class loader knows them. */
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
        context.reply(true);
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
