package dev.kindling.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;

/**
 * One SHA-256 over the values of all tensors, whatever files or shards they lie in: equal hashes mean equal weights.
 *
 * <pre>
 *   for each tensor, by name:
 *     length of the name (int32), name (UTF-8), length and name of its type, dimensions (int32), each length (int64),
 *     its elements as float32
 * </pre>
 *
 * All numbers are little-endian. Not-a-numbers are hashed with the bits they have.
 */
public final class WeightsHash {
  private static final int PIECE = 1 << 16;

  private WeightsHash() {
  }

  /** @return 64 lower-case hexadecimal digits */
  public static String sha256(WeightSource weights) {
    List<TensorSpec> tensors = new ArrayList<>(weights.tensors());
    tensors.sort(Comparator.comparing(TensorSpec::name));
    MessageDigest digest = PendingFile.sha256();
    float[] piece = new float[PIECE];
    ByteBuffer bytes = ByteBuffer.allocate(4 * PIECE).order(ByteOrder.LITTLE_ENDIAN);
    for (TensorSpec t : tensors) {
      digest.update(head(t));
      long count = t.count();
      for (long at = 0; at < count; at += PIECE) {
        int n = (int) Math.min(PIECE, count - at);
        weights.read(t.name(), at, piece, 0, n);
        bytes.asFloatBuffer().put(piece, 0, n);
        digest.update(bytes.array(), 0, 4 * n);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static byte[] head(TensorSpec t) {
    byte[] name = t.name().getBytes(StandardCharsets.UTF_8);
    byte[] type = t.type().name().getBytes(StandardCharsets.UTF_8);
    long[] shape = t.shape();
    ByteBuffer head = ByteBuffer.allocate(12 + name.length + type.length + 8 * shape.length)
        .order(ByteOrder.LITTLE_ENDIAN);
    head.putInt(name.length).put(name).putInt(type.length).put(type).putInt(shape.length);
    for (long n : shape) head.putLong(n);
    return head.array();
  }
}
