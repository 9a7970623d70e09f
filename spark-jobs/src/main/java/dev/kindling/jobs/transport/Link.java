package dev.kindling.jobs.transport;

import java.time.Duration;
import org.apache.spark.network.sasl.SecretKeyHolder;
import org.apache.spark.network.util.TransportConf;

/**
 * How a rank is reached and how it knows its peers.
 *
 * @param conf Spark's settings for the connections: threads, buffers, encryption, TLS
 * @param user the application's name in the authentication
 * @param secrets the cluster's, or the run's own
 * @param host this rank's name for the others, and where it listens
 * @param ports where it may listen
 * @param silence how long a peer may give no sign of life, while it is waited for, before it counts as lost
 * @param epoch of the run's attempt: it grows with every one, and frames of any other are refused
 */
public record Link(TransportConf conf, String user, SecretKeyHolder secrets, String host, PortRange ports,
    Duration silence,
    long epoch) {
  public Link {
    if (silence.compareTo(Duration.ofMillis(100)) < 0) throw new IllegalArgumentException("silence of " + silence);
  }
}
