package dev.kindling.checkpoint;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import org.apache.hadoop.fs.Path;

/**
 * Values of one tensor that lie little-endian and row-major, one after the other, in a file or in memory. Several
 * threads may read.
 *
 * @param offset of the first value's first byte in {@code bytes}; @param path the file, for errors
 */
public record StoredTensor(TensorSpec spec, Bytes bytes, long offset, Path path) {
  private static final int PIECE = 1 << 20;

  /** Where bytes are read at positions. */
  @FunctionalInterface
  public interface Bytes {
    void readFully(long position, byte[] into, int offset, int length) throws IOException;
  }

  /** What is done with each piece: {@code n} elements, {@code done} of them before it. */
  private interface Piece {
    void take(ByteBuffer bytes, int done, int n);
  }

  /** Reads elements {@code from}, {@code from + 1}, ... as float32. @throws UserError for a type that is not read */
  public void read(long from, float[] into, int offset, int count) {
    ElementType type = spec.type();
    if (!type.readable())
      throw new UserError(path + ": " + spec.name() + " is " + type + "; weights are read as F32, F16 or BF16");
    pieces(from, count, (bytes, done, n) -> {
      int at = offset + done;
      switch (type) {
        case F32 -> bytes.asFloatBuffer().get(into, at, n);
        case F16 -> {
          for (int i = 0; i < n; i++) into[at + i] = HalfFloat.fromFloat16(bytes.getShort(2 * i));
        }
        case BF16 -> {
          for (int i = 0; i < n; i++) into[at + i] = HalfFloat.fromBfloat16(bytes.getShort(2 * i));
        }
        case I64 -> {
          for (int i = 0; i < n; i++) into[at + i] = bytes.getLong(8 * i);
        }
        default -> {
          for (int i = 0; i < n; i++) into[at + i] = bytes.getInt(4 * i);
        }
      }
    });
  }

  /** Reads whole numbers. @throws UserError for a type other than I64 and I32 */
  public void read(long from, long[] into, int offset, int count) {
    ElementType type = spec.type();
    if (type != ElementType.I64 && type != ElementType.I32)
      throw new UserError(path + ": " + spec.name() + " is " + type + "; whole numbers are read as I64 or I32");
    pieces(from, count, (bytes, done, n) -> {
      for (int i = 0; i < n; i++)
        into[offset + done + i] = type == ElementType.I64 ? bytes.getLong(8 * i) : bytes.getInt(4 * i);
    });
  }

  private void pieces(long from, int count, Piece piece) {
    Objects.checkFromIndexSize(from, count, spec.count());
    int width = spec.type().bytes(), most = PIECE / width;
    byte[] read = new byte[(int) Math.min(PIECE, (long) count * width)];
    ByteBuffer view = ByteBuffer.wrap(read).order(ByteOrder.LITTLE_ENDIAN);
    try {
      for (int done = 0; done < count; done += most) {
        int n = Math.min(most, count - done);
        bytes.readFully(offset + (from + done) * width, read, 0, n * width);
        piece.take(view, done, n);
      }
    } catch (EOFException e) {
      throw new UserError(path + " is damaged: it ends within " + spec.name(), e);
    } catch (IOException e) {
      throw Storage.failed(path, e);
    }
  }
}
