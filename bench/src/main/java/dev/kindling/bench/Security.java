package dev.kindling.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.apache.spark.SecurityManager;
import org.apache.spark.SparkConf;
import org.apache.spark.network.netty.SparkTransportConf;
import org.apache.spark.network.util.TransportConf;
import scala.Option;
import scala.Some;

/** What a cluster asks of connections beside the authentication that ranks always ask of one another. */
enum Security {
  PLAIN("authenticated"), AES("AES"), TLS("TLS");

  private static final String KEYS = "bench.keys", PASSWORD = "changeit";
  private static final int CORES = 1;            // of an executor, as ExecutorLink hands them on
  private final String says;

  Security(String says) {
    this.says = says;
  }

  static Security of(String name) {
    return valueOf(name.toUpperCase(Locale.ROOT));
  }

  String says() {
    return says;
  }

  /** A certificate for the loopback, as a JVM's flag that names it; it is deleted when this JVM ends. */
  static String keys() throws IOException {
    Path folder = Files.createTempDirectory("kindling-allreduce");
    folder.toFile().deleteOnExit();
    Path keys = folder.resolve("keys.p12");
    keys.toFile().deleteOnExit();
    Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
        "-genkeypair", "-keystore", keys.toString(), "-storetype", "PKCS12", "-storepass", PASSWORD, "-keyalg", "RSA",
        "-alias", "bench", "-dname", "CN=127.0.0.1", "-ext", "SAN=IP:127.0.0.1,DNS:localhost", "-validity", "9")
        .inheritIO().start();
    try {
      if (keytool.waitFor() != 0) throw new IOException("keytool ended with " + keytool.exitValue());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
    return "-D" + KEYS + "=" + keys;
  }

  /** As an executor of a cluster with these settings has it. */
  TransportConf transport() {
    SparkConf conf = new SparkConf(false).set("spark.authenticate", "true").set("spark.authenticate.secret", "bench")
        .set("spark.network.crypto.saslFallback", "false");
    if (this == AES) conf.set("spark.network.crypto.enabled", "true");
    if (this == TLS) {
      conf.set("spark.ssl.rpc.enabled", "true").set("spark.ssl.rpc.keyPassword", PASSWORD)
          .set("spark.ssl.rpc.protocol", "TLSv1.2");
      for (String store : List.of("keyStore", "trustStore")) {
        conf.set("spark.ssl.rpc." + store, System.getProperty(KEYS))
            .set("spark.ssl.rpc." + store + "Password", PASSWORD).set("spark.ssl.rpc." + store + "Type", "PKCS12");
      }
    }
    SecurityManager security = new SecurityManager(conf, Option.empty(),
        org.apache.spark.internal.config.package$.MODULE$.AUTH_SECRET_FILE());
    return SparkTransportConf.fromSparkConf(conf, "kindling", CORES, Option.empty(),
        this == TLS ? new Some<>(security.getRpcSSLOptions()) : Option.empty());
  }
}
