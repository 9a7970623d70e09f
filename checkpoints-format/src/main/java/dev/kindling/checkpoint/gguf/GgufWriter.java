package dev.kindling.checkpoint.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * Writes GGUF version 3 (ggml-org/ggml, docs/gguf.md), all little-endian:
 *
 * <pre>
 *   "GGUF", version (u32), tensors (u64), metadata entries (u64)
 *   metadata   key (string), type (u32), value                                  string = length (u64), UTF-8
 *   tensors    name (string), dimensions (u32), lengths (u64 each, the fastest first), type (u32), offset (u64)
 *   padding to 32, then each tensor's data, each padded to 32; offsets count from the first
 * </pre>
 */
public final class GgufWriter {
  static final int MAGIC = 0x46554747, VERSION = 3, ALIGNMENT = 32;       // "GGUF" read as a little-endian number
  static final int UINT32 = 4, INT32 = 5, FLOAT32 = 6, BOOL = 7, STRING = 8, ARRAY = 9, UINT64 = 10;

  private final ByteArrayOutputStream head = new ByteArrayOutputStream();

  private GgufWriter() {
  }

  /** Gives one row of a tensor at a time. */
  @FunctionalInterface
  public interface Rows {
    /** @param row counted over all but the last axis; @param into filled with the row */
    void read(long row, float[] into);
  }

  /**
   * A tensor to be written.
   *
   * @param shape row-major, as torch has it; the file has it reversed; @param rows asked for in order, each once
   */
  public record Tensor(String name, GgufType type, long[] shape, Rows rows) {
    public Tensor {
      shape = shape.clone();
      if (shape.length == 0 || !type.fits(shape[shape.length - 1])) {
        throw new IllegalArgumentException(name + " cannot be stored as " + type);
      }
    }

    @Override
    public long[] shape() {
      return shape.clone();
    }

    int rowLength() {
      return Math.toIntExact(shape[shape.length - 1]);
    }

    long rowCount() {
      long n = 1;
      for (int i = 0; i < shape.length - 1; i++) n *= shape[i];
      return n;
    }

    long bytes() {
      return type.bytes(rowCount(), rowLength());
    }
  }

  /**
   * Writes a file to a stream, which stays open.
   *
   * @param metadata in its order; Integer is a u32, Long a u64, Float an f32, {@code int[]} an array of i32, a list one
   *   of strings
   */
  public static void write(OutputStream out, Map<String, Object> metadata, List<Tensor> tensors) throws IOException {
    GgufWriter writer = new GgufWriter();
    writer.u32(MAGIC).u32(VERSION).u64(tensors.size()).u64(metadata.size());
    metadata.forEach(writer::entry);
    long offset = 0;
    for (Tensor t : tensors) {
      writer.describe(t, offset);
      offset += padded(t.bytes());
    }
    writer.head.write(new byte[(int) (padded(writer.head.size()) - writer.head.size())]);
    writer.head.writeTo(out);
    for (Tensor t : tensors) data(out, t);
  }

  static long padded(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private static void data(OutputStream out, Tensor t) throws IOException {
    float[] row = new float[t.rowLength()];
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(t.type().bytes(1, row.length)))
        .order(ByteOrder.LITTLE_ENDIAN);
    long rows = t.rowCount();
    for (long r = 0; r < rows; r++) {
      t.rows().read(r, row);
      t.type().encode(row, bytes.clear());
      out.write(bytes.array());
    }
    out.write(new byte[(int) (padded(t.bytes()) - t.bytes())]);
  }

  private void describe(Tensor t, long offset) {
    long[] shape = t.shape();
    string(t.name()).u32(shape.length);
    for (int i = shape.length - 1; i >= 0; i--) u64(shape[i]);
    u32(t.type().id()).u64(offset);
  }

  private void entry(String key, Object value) {
    string(key);
    if (value instanceof Integer n) {
      u32(UINT32).u32(n);
    } else if (value instanceof Long n) {
      u32(UINT64).u64(n);
    } else if (value instanceof Float x) {
      u32(FLOAT32).u32(Float.floatToRawIntBits(x));
    } else if (value instanceof Boolean b) {
      u32(BOOL);
      head.write(b ? 1 : 0);
    } else if (value instanceof String s) {
      u32(STRING).string(s);
    } else if (value instanceof int[] numbers) {
      u32(ARRAY).u32(INT32).u64(numbers.length);
      for (int n : numbers) u32(n);
    } else if (value instanceof List<?> strings) {
      u32(ARRAY).u32(STRING).u64(strings.size());
      for (Object s : strings) string((String) s);
    } else {
      throw new IllegalArgumentException(key + " has a value of " + value.getClass());
    }
  }

  private GgufWriter u32(int n) {
    head.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(n).array());
    return this;
  }

  private GgufWriter u64(long n) {
    head.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(n).array());
    return this;
  }

  private GgufWriter string(String s) {
    byte[] utf8 = s.getBytes(StandardCharsets.UTF_8);
    u64(utf8.length);
    head.writeBytes(utf8);
    return this;
  }
}
