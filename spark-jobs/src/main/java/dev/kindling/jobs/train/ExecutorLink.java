package dev.kindling.jobs.train;

import dev.kindling.jobs.transport.Link;
import dev.kindling.jobs.transport.RunSecret;
import org.apache.spark.SecurityManager;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.network.netty.SparkTransportConf;
import org.apache.spark.network.util.TransportConf;
import scala.Option;
import scala.Some;

/** The {@link Link} of the executor that this task runs in: its host, and the cluster's security where it has one. */
final class ExecutorLink {
  private static final int MOST_THREADS = 4;     // event loops: they copy and encrypt, the rank's own threads then wait

  // Spark's limit of a handshake counts time in which this process stood still; the greeting's, which does not, comes first
  private static final String HANDSHAKE = "7d";

  private ExecutorLink() {
  }

  static Link of(ClusterSettings settings, RunSecret secret, long epoch, int cores) {
    SparkEnv env = SparkEnv.get();
    SecurityManager security = env.securityManager();
    SparkConf conf = env.conf().clone().set("spark.network.crypto.saslFallback", "false")
        .setIfMissing("spark.network.auth.rpcTimeout", HANDSHAKE);
    // the cluster's io, crypto and TLS settings, under our module's name: spark.kindling.io.*
    TransportConf transport = SparkTransportConf.fromSparkConf(conf, "kindling", Math.min(cores, MOST_THREADS),
        Option.empty(),
        security.isSslRpcEnabled() ? new Some<>(security.getRpcSSLOptions()) : Option.empty());
    boolean cluster = security.isAuthenticationEnabled();
    return new Link(transport, cluster ? conf.getAppId() : "kindling", cluster ? security : secret,
        env.blockManager().blockManagerId().host(), settings.ports(), settings.silence(), epoch);
  }
}
