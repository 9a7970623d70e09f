package dev.kindling.checkpoint.gguf;

import dev.kindling.checkpoint.HalfFloat;
import java.nio.ByteBuffer;

/**
 * How a GGUF tensor's rows are stored (ggml-org/ggml, docs/gguf.md, {@code ggml_type}).
 *
 * <pre>
 *   Q8_0   blocks of 32 values: d = max|x| / 127 (float16), then 32 signed bytes q = round(x / d);  x ≈ d q
 * </pre>
 */
public enum GgufType {
  F32(0, 0, 1, 4), F16(1, 1, 1, 2), Q8_0(8, 7, 32, 34);

  private final int id, fileType, block, blockBytes;

  GgufType(int id, int fileType, int block, int blockBytes) {
    this.id = id;
    this.fileType = fileType;
    this.block = block;
    this.blockBytes = blockBytes;
  }

  /** Its number in a tensor's description. */
  int id() {
    return id;
  }

  /** {@code general.file_type} of a file that is mostly of this type. */
  int fileType() {
    return fileType;
  }

  /** Whether rows of this length can be stored. */
  boolean fits(long rowLength) {
    return rowLength % block == 0;
  }

  /** Bytes of {@code rows} rows. */
  long bytes(long rows, long rowLength) {
    return Math.multiplyExact(Math.multiplyExact(rows, rowLength / block), (long) blockBytes);
  }

  /** The type of that number, or null. */
  static GgufType of(int id) {
    for (GgufType t : values()) { if (t.id == id) return t; }
    return null;
  }

  /** Writes one row. @param out little-endian, from its position on */
  void encode(float[] row, ByteBuffer out) {
    switch (this) {
      case F32 -> {
        for (float x : row) out.putFloat(x);
      }
      case F16 -> {
        for (float x : row) out.putShort(HalfFloat.toFloat16(x));
      }
      case Q8_0 -> {
        for (int from = 0; from < row.length; from += block) encodeBlock(row, from, out);
      }
    }
  }

  private void encodeBlock(float[] row, int from, ByteBuffer out) {
    float most = 0;
    for (int i = from; i < from + block; i++) most = Math.max(most, Math.abs(row[i]));
    float d = most / 127, inverse = d == 0 ? 0 : 1 / d;
    out.putShort(HalfFloat.toFloat16(d));
    for (int i = from; i < from + block; i++) out.put((byte) roundAwayFromZero(row[i] * inverse));
  }

  /** C's roundf: halves go away from zero. */
  private static int roundAwayFromZero(float x) {
    return (int) (x < 0 ? Math.ceil(x - 0.5) : Math.floor(x + 0.5));
  }

  /** Reads one row. @param in little-endian, from its position on */
  void decode(ByteBuffer in, float[] row) {
    switch (this) {
      case F32 -> {
        for (int i = 0; i < row.length; i++) row[i] = in.getFloat();
      }
      case F16 -> {
        for (int i = 0; i < row.length; i++) row[i] = HalfFloat.fromFloat16(in.getShort());
      }
      case Q8_0 -> {
        for (int from = 0; from < row.length; from += block) {
          float d = HalfFloat.fromFloat16(in.getShort());
          for (int i = from; i < from + block; i++) row[i] = d * in.get();
        }
      }
    }
  }
}
