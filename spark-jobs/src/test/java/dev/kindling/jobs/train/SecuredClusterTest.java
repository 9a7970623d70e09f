package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clusters with Spark's own security, and with its own ideas of slow tasks: the weights are the same. */
@Tag("slow")
@Timeout(240)
class SecuredClusterTest {
  private static final Map<String, String> AUTHENTICATED = Map.of("spark.authenticate", "true",
      "spark.authenticate.secret", "of the test");
  @TempDir
  private Path folder;
  private String dataset;
  private String alone;

  @BeforeEach
  void trainAlone() throws IOException {
    dataset = TinyDataset.write(folder.resolve("data"), 50, 20, 0);
    try (SparkSession local = Sessions.local(1)) {
      alone = PretrainJob.run(local, config("alone"), line -> {}).weightsSha256();
    }
  }

  private PretrainConfig config(String run) {
    return TinyRuns.of(dataset, folder.resolve(run), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0)
        .withCheckpoints(CheckpointSettings.of(2, 9, 0));
  }

  private void trainsTheSameWith(Map<String, String> settings, String run) throws IOException {
    try (SparkSession spark = Sessions.cluster(2, settings)) {
      ClusterSlots.await(spark.sparkContext(), 2, 100);
      PretrainResult result = PretrainJob.run(spark, config(run), line -> {});
      assertThat(result.ranks()).isEqualTo(2);
      assertThat(result.weightsSha256()).isEqualTo(alone);
    }
  }

  @Test
  void withAuthentication() throws IOException {
    trainsTheSameWith(AUTHENTICATED, "authenticated");
  }

  @Test
  void withAesEncryption() throws IOException {
    Map<String, String> settings = new HashMap<>(AUTHENTICATED);
    settings.put("spark.network.crypto.enabled", "true");
    trainsTheSameWith(settings, "aes");
  }

  @Test
  void withTls() throws Exception {
    Path keys = folder.resolve("keys.p12");
    Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
        "-genkeypair", "-keystore", keys.toString(), "-storetype", "PKCS12", "-storepass", "changeit", "-keyalg", "RSA",
        "-alias", "test", "-dname", "CN=127.0.0.1", "-ext", "SAN=IP:127.0.0.1,DNS:localhost", "-validity", "9")
        .inheritIO().start();
    assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
    Map<String, String> settings = new HashMap<>(AUTHENTICATED);
    settings.put("spark.ssl.rpc.enabled", "true");
    for (String store : List.of("keyStore", "trustStore")) {
      settings.put("spark.ssl.rpc." + store, keys.toString());
      settings.put("spark.ssl.rpc." + store + "Password", "changeit");
      settings.put("spark.ssl.rpc." + store + "Type", "PKCS12");
    }
    settings.put("spark.ssl.rpc.keyPassword", "changeit");
    settings.put("spark.ssl.rpc.protocol", "TLSv1.2");
    trainsTheSameWith(settings, "tls");
  }

  /** REPORTS E05: ranks are never run twice, and no folder of a second attempt is left. */
  @Test
  void withSpeculation() throws IOException {
    trainsTheSameWith(Map.of("spark.speculation", "true", "spark.speculation.interval", "100ms",
        "spark.speculation.multiplier", "1.01", "spark.speculation.quantile", "0.1"), "speculating");
    try (Stream<Path> files = Files.list(folder.resolve("speculating"))) {
      assertThat(files.map(f -> f.getFileName().toString()).filter(name -> name.matches("(attempt|step)-.*")))
          .containsExactlyInAnyOrder("attempt-00001", "step-00000002", "step-00000004", "step-00000006");
    }
  }
}
