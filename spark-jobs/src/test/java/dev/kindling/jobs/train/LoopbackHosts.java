package dev.kindling.jobs.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.master.Master;
import org.apache.spark.deploy.worker.Worker;
import org.apache.spark.rpc.RpcEnv;
import org.apache.spark.sql.SparkSession;
import scala.Option;

/**
 * A standalone master and workers in this process, as {@code local-cluster} has them, but each worker on a loopback address of its
 * own, which Spark takes for a host: it starts the second attempt of a slow task on another host only.
 */
final class LoopbackHosts implements AutoCloseable {
  private static final int MEGABYTES = 1024;
  private final List<RpcEnv> daemons = new ArrayList<>();
  private final String master;

  private LoopbackHosts(SparkConf conf) {
    RpcEnv started = Master.startRpcEnvAndEndpoint("127.0.0.1", 0, 0, conf)._1();
    daemons.add(started);
    master = "spark://" + started.address().hostPort();
  }

  /** @param hosts 127.0.0.1, 127.0.0.2, ...: each with one executor of one core; @param folder where executors log */
  static LoopbackHosts start(Path folder, List<String> hosts) {
    Sessions.ofExecutors();                      // makes the Spark home
    SparkConf conf = new SparkConf(false).set("spark.master.rest.enabled", "false")
        .set("spark.shuffle.service.enabled", "false");
    LoopbackHosts cluster = new LoopbackHosts(conf);
    for (int i = 0; i < hosts.size(); i++) {
      cluster.daemons.add(Worker.startRpcEnvAndEndpoint(hosts.get(i), 0, 0, 1, MEGABYTES,
          new String[]{cluster.master}, folder.resolve("host-" + i).toString(), Option.apply((Object) i), conf,
          Option.empty()));
    }
    return cluster;
  }

  /** An application on all hosts. */
  SparkSession session(Map<String, String> settings) {
    SparkSession.Builder builder = Sessions.builder(master);
    Sessions.ofExecutors().forEach(builder::config);
    settings.forEach(builder::config);
    return builder.getOrCreate();
  }

  @Override
  public void close() {
    for (int i = daemons.size() - 1; i >= 0; i--) {
      daemons.get(i).shutdown();
      daemons.get(i).awaitTermination();
    }
  }
}
