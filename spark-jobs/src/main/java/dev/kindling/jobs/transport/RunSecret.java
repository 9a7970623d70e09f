package dev.kindling.jobs.transport;

import java.io.Serializable;
import java.security.SecureRandom;
import java.util.HexFormat;
import org.apache.spark.network.sasl.SecretKeyHolder;

/** One secret for the ranks of one run, where the cluster has no authentication of its own. */
public record RunSecret(String secret) implements SecretKeyHolder, Serializable {
  private static final int BYTES = 32;

  /** A new random one. */
  public static RunSecret random() {
    byte[] bytes = new byte[BYTES];
    new SecureRandom().nextBytes(bytes);
    return new RunSecret(HexFormat.of().formatHex(bytes));
  }

  @Override
  public String getSaslUser(String appId) {
    return "kindling";
  }

  @Override
  public String getSecretKey(String appId) {
    return secret;
  }

  @Override
  public String toString() {
    return "RunSecret[hidden]";
  }
}
