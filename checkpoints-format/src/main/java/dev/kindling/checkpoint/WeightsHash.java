package dev.kindling.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Function;

/**
 * One SHA-256 over the values of all tensors, whatever files or shards they lie in: equal hashes mean equal weights.
 *
 * <pre>
 *   for each tensor, by name:
 *     length of the name (int32), name (UTF-8), length and name of its type, dimensions (int32), each length (int64),
 *     the SHA-256 of its elements as float32
 * </pre>
 *
 * All numbers are little-endian. Not-a-numbers are hashed with the bits they have. Who holds some of the tensors hashes
 * {@linkplain #ofElements theirs}; who has these hashes of all needs no weights.
 */
public final class WeightsHash {
  private static final int PIECE = 1 << 13;

  private WeightsHash() {
  }

  /** @return 64 lower-case hexadecimal digits */
  public static String sha256(WeightSource weights) {
    return sha256(weights.tensors(), t -> ofElements(weights, t));
  }

  /**
   * The same.
   *
   * @param tensors all of them; @param ofElements the hash of a tensor's elements, as {@link #ofElements} has it
   */
  public static String sha256(Collection<TensorSpec> tensors, Function<TensorSpec, String> ofElements) {
    List<TensorSpec> byName = new ArrayList<>(tensors);
    byName.sort(Comparator.comparing(TensorSpec::name));
    MessageDigest digest = PendingFile.sha256();
    for (TensorSpec t : byName) {
      digest.update(head(t));
      digest.update(HexFormat.of().parseHex(ofElements.apply(t)));
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The SHA-256 of one tensor's elements. @return 64 lower-case hexadecimal digits */
  public static String ofElements(WeightSource weights, TensorSpec tensor) {
    MessageDigest digest = PendingFile.sha256();
    int most = (int) Math.min(PIECE, tensor.count());
    float[] piece = new float[most];
    ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * most).order(ByteOrder.LITTLE_ENDIAN);
    long count = tensor.count();
    for (long at = 0; at < count; at += most) {
      int n = (int) Math.min(most, count - at);
      weights.read(tensor.name(), at, piece, 0, n);
      bytes.asFloatBuffer().put(piece, 0, n);
      digest.update(bytes.array(), 0, Float.BYTES * n);
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
