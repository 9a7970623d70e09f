package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.jobs.transport.Connections;
import dev.kindling.jobs.transport.Link;
import dev.kindling.jobs.transport.RunSecret;
import dev.kindling.jobs.transport.Security;
import dev.kindling.jobs.transport.SparkCommunicator;
import dev.kindling.train.collective.VirtualRankTree;
import java.nio.file.Path;
import java.security.PrivilegedExceptionAction;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.spark.SparkEnv;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The links of executors of clusters with Spark's own security. */
@Timeout(120)
class SecuredLinkTest {
  @TempDir
  private Path folder;

  @ParameterizedTest
  @EnumSource
  void ranksSpeakToOneAnotherAsTheClusterIsSecured(Security security) throws Exception {
    SparkSession.Builder builder = Sessions.builder("local[1]").config("spark.authenticate", "true");
    for (Map.Entry<String, String> setting : security.settings(folder).entrySet()) {
      builder.config(setting.getKey(), setting.getValue());
    }
    // a local Spark keeps its secret with the user, where the tests that follow would find it
    UserGroupInformation.createRemoteUser("test").doAs((PrivilegedExceptionAction<Void>) () -> {
      try (SparkSession spark = builder.getOrCreate()) {
        connect(ExecutorLink.of(ClusterSettings.defaults(), RunSecret.random(), 1, 1), security);
      }
      return null;
    });
  }

  private static void connect(Link link, Security security) {
    assertThat(link.secrets()).isSameAs(SparkEnv.get().securityManager());
    try (SparkCommunicator first = listen(0, link); SparkCommunicator second = listen(1, link)) {
      List<String> addresses = List.of(first.address(), second.address());
      CompletableFuture<Void> connecting = CompletableFuture.runAsync(() -> second.connect(addresses));
      first.connect(addresses);
      connecting.join();
      List<List<String>> connections = new ArrayList<>(Connections.handlers(first));
      connections.addAll(Connections.handlers(second));
      assertThat(connections).hasSize(4).allMatch(security::isIn);
    }
  }

  private static SparkCommunicator listen(int rank, Link link) {
    return SparkCommunicator.listen(rank, 2, new VirtualRankTree(2), link);
  }
}
