package dev.kindling.jobs.transport;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What a cluster may ask of connections beside the authentication that ranks always ask of one another. */
public enum Security {
  PLAIN, AES, TLS;

  private static final String PASSWORD = "changeit";

  /** Spark's settings for it. @param folder for a certificate of the loopback's own */
  public Map<String, String> settings(Path folder) throws Exception {
    Map<String, String> settings = new HashMap<>();
    settings.put("spark.network.crypto.saslFallback", "false");
    if (this == AES) settings.put("spark.network.crypto.enabled", "true");
    if (this == TLS) {
      settings.put("spark.ssl.rpc.enabled", "true");
      settings.put("spark.ssl.rpc.keyPassword", PASSWORD);
      settings.put("spark.ssl.rpc.protocol", "TLSv1.2");
      for (String store : List.of("keyStore", "trustStore")) {
        settings.put("spark.ssl.rpc." + store, keys(folder.resolve("keys.p12")).toString());
        settings.put("spark.ssl.rpc." + store + "Password", PASSWORD);
        settings.put("spark.ssl.rpc." + store + "Type", "PKCS12");
      }
    }
    return settings;
  }

  private static Path keys(Path file) throws Exception {
    if (Files.exists(file)) return file;
    Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
        "-genkeypair", "-keystore", file.toString(), "-storetype", "PKCS12", "-storepass", PASSWORD, "-keyalg", "RSA",
        "-alias", "test", "-dname", "CN=127.0.0.1", "-ext", "SAN=IP:127.0.0.1,DNS:localhost", "-validity", "9")
        .inheritIO().start();
    if (!keytool.waitFor(60, TimeUnit.SECONDS) || keytool.exitValue() != 0) throw new IllegalStateException("keytool");
    return file;
  }

  /** Whether a connection's handlers, by their classes' names, are those of this security and of no other. */
  public boolean isIn(List<String> handlers) {
    return handlers.contains("io.netty.handler.ssl.SslHandler") == (this == TLS)
        && isAes(handlers, "EncryptionHandler") == (this == AES)
        && isAes(handlers, "DecryptionHandler") == (this == AES);
  }

  private static boolean isAes(List<String> handlers, String way) {
    return handlers.stream()
        .anyMatch(name -> name.startsWith("org.apache.spark.network.crypto.") && name.endsWith("$" + way));
  }
}
