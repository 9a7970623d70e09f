package dev.kindling.jobs.train;

import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.FencedException;
import dev.kindling.jobs.transport.RankLostException;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkEnv;
import org.apache.spark.rpc.RpcEndpointRef;
import org.apache.spark.rpc.RpcTimeout;
import org.apache.spark.util.RpcUtils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.concurrent.duration.FiniteDuration;
import scala.reflect.ClassTag;

/** A rank's end of the {@link DriverLine}. What it cannot tell is logged and stops nothing. */
public final class ToDriver {
  private static final Logger LOG = LoggerFactory.getLogger(ToDriver.class);
  private static final long PATIENCE_SECONDS = 5;
  private final RpcEndpointRef driver;           // null: not reached
  private boolean failureTold;

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

  /** Tells the driver a line of progress. */
  public void say(String line) {
    LOG.info(line);
    if (driver != null) driver.send(new String[]{DriverLine.SAY, line});
  }

  /** Returns when the driver knows: before it hears from Spark that the task ended. Only the first failure is told. */
  void failed(int rank, Throwable why) {
    if (driver == null || failureTold) return;
    failureTold = true;
    boolean userError = why instanceof UserError || why instanceof FencedException;
    boolean peerLoss = why instanceof RankLostException;
    String[] message = {DriverLine.FAILED, Integer.toString(rank), Boolean.toString(userError),
        Boolean.toString(peerLoss), String.valueOf(userError || peerLoss ? why.getMessage() : why.toString())};
    try {
      driver.askSync(message, new RpcTimeout(new FiniteDuration(PATIENCE_SECONDS, TimeUnit.SECONDS), "kindling"),
          ClassTag.Any());
    } catch (Exception e) {
      keepInterrupt(e);
      LOG.warn("The driver cannot be told why rank {} failed", rank, e);
    }
  }

  private static void keepInterrupt(Exception e) {
    if (e instanceof InterruptedException) Thread.currentThread().interrupt();
  }
}
