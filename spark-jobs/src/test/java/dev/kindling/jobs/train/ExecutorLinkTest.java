package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.jobs.transport.Link;
import dev.kindling.jobs.transport.RunSecret;
import java.time.Duration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

class ExecutorLinkTest {
  /** Of Spark's limit all time counts, also that in which the process itself stood still. */
  @Test
  void aHandshakeIsLimitedByTheGreetingAndNotBySpark() throws Exception {
    try (SparkSession spark = Sessions.local(1)) {
      Link link = ExecutorLink.of(ClusterSettings.defaults(), RunSecret.random(), 1, 1);
      assertThat(Duration.ofMillis(link.conf().authRTTimeoutMs())).isGreaterThanOrEqualTo(Duration.ofDays(1));
    }
  }
}
