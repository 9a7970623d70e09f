package dev.kindling.data.pack;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Decides over a document by a hash of its id and a seed alone, so that neither files nor partitions matter: whether it is held
 * out, and where it stands in the stream. SHA-256, so that the two are independent and ids that look alike are not near.
 *
 * @param seed another one gives another choice and order
 * @param heldOutPercent of all documents, on average
 */
public record DocumentOrder(long seed, double heldOutPercent) implements Serializable {
  public boolean isHeldOut(String id) {
    double uniform = (hash("held-out", id) >>> 11) * 0x1.0p-53;
    return uniform * 100 < heldOutPercent;
  }

  /** @return 0 or greater; documents come in ascending order of it, those that share one in the order of their ids */
  public long position(String id) {
    return hash("position", id) >>> 1;
  }

  private long hash(String purpose, String id) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update((purpose + '\n' + seed + '\n' + id).getBytes(StandardCharsets.UTF_8));
      return ByteBuffer.wrap(digest.digest()).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
