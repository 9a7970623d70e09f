package dev.kindling.checkpoint.safetensors;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.FileEntry;
import dev.kindling.checkpoint.HalfFloat;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.PendingFile;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.WeightSource;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Writes a safetensors file as Hugging Face's own library would: tensors in the order of their names, data aligned to 8
 * bytes, {@code "format": "pt"} in the metadata (transformers refuses files without). Values pass in pieces of 256 KB.
 */
public final class SafetensorsWriter {
  private static final int PIECE = 1 << 16;

  private SafetensorsWriter() {
  }

  /** Writes the tensors in their own types under a temporary name, then renames. */
  public static FileEntry write(Configuration conf, Path path, WeightSource weights) throws IOException {
    return write(conf, path, weights, null, Map.of());
  }

  /**
   * @param type what every tensor is stored in (F32, F16 or BF16; rounding to nearest even), or null for its own
   * @param metadata strings beside {@code "format": "pt"}
   */
  public static FileEntry write(Configuration conf, Path path, WeightSource weights, ElementType type,
      Map<String, String> metadata) throws IOException {
    try (PendingFile out = PendingFile.create(Storage.of(conf, path), path)) {
      write(out, weights, type, metadata);
      return out.commit(path.getName());
    }
  }

  /** The same to a stream, which stays open. */
  public static void write(OutputStream out, WeightSource weights, ElementType type, Map<String, String> metadata)
      throws IOException {
    List<TensorSpec> tensors = new ArrayList<>();
    for (TensorSpec t : weights.tensors()) {
      TensorSpec stored = type == null ? t : t.as(type);
      if (!stored.type().floating()) throw new IllegalArgumentException(stored + " cannot be written");
      tensors.add(stored);
    }
    // Wide types first, as the reference does, so that every tensor is aligned to its own elements.
    tensors.sort(Comparator.comparing((TensorSpec t) -> -t.type().bytes()).thenComparing(TensorSpec::name));
    out.write(header(tensors, metadata));
    float[] values = new float[PIECE];
    ByteBuffer bytes = ByteBuffer.allocate(4 * PIECE).order(ByteOrder.LITTLE_ENDIAN);
    for (TensorSpec t : tensors) {
      long count = t.count();
      for (long at = 0; at < count; at += PIECE) {
        int n = (int) Math.min(PIECE, count - at);
        weights.read(t.name(), at, values, 0, n);
        encode(values, n, t.type(), bytes);
        out.write(bytes.array(), 0, n * t.type().bytes());
      }
    }
  }

  private static byte[] header(List<TensorSpec> tensors, Map<String, String> metadata) {
    ObjectNode json = Json.object();
    ObjectNode free = json.putObject("__metadata__").put("format", "pt");
    metadata.forEach(free::put);
    long at = 0;
    for (TensorSpec t : tensors) {
      ObjectNode entry = json.putObject(t.name());
      entry.put("dtype", t.type().name());
      var shape = entry.putArray("shape");
      for (long n : t.shape()) shape.add(n);
      entry.putArray("data_offsets").add(at).add(at + t.bytes());
      at += t.bytes();
    }
    byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
    int padded = (text.length + 7) / 8 * 8;
    ByteBuffer header = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
    header.putLong(padded).put(text);
    while (header.hasRemaining()) header.put((byte) ' ');
    return header.array();
  }

  private static void encode(float[] values, int n, ElementType type, ByteBuffer bytes) {
    switch (type) {
      case F32 -> bytes.asFloatBuffer().put(values, 0, n);
      case F16 -> {
        for (int i = 0; i < n; i++) bytes.putShort(2 * i, HalfFloat.toFloat16(values[i]));
      }
      case BF16 -> {
        for (int i = 0; i < n; i++) bytes.putShort(2 * i, HalfFloat.toBfloat16(values[i]));
      }
      default -> throw new IllegalArgumentException("not written: " + type);
    }
  }
}
