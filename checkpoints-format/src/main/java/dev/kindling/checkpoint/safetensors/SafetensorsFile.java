package dev.kindling.checkpoint.safetensors;

import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.HalfFloat;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** One open safetensors file, read at positions; several threads may read. */
final class SafetensorsFile implements Closeable {
  private static final int PIECE = 1 << 20;

  private final Path path;
  private final FSDataInputStream in;
  private final SafetensorsHeader header;

  private SafetensorsFile(Path path, FSDataInputStream in, SafetensorsHeader header) {
    this.path = path;
    this.in = in;
    this.header = header;
  }

  static SafetensorsFile open(FileSystem fs, Path path) {
    long size = Storage.file(fs, path).getLen();
    FSDataInputStream in = null;
    try {
      in = fs.open(path);
      SafetensorsFile file = new SafetensorsFile(path, in, header(in, size, path.toString()));
      in = null;
      return file;
    } catch (IOException e) {
      throw Storage.failed(path, e);
    } finally {
      closeQuietly(in);
    }
  }

  private static void closeQuietly(FSDataInputStream in) {
    try {
      if (in != null) in.close();
    } catch (IOException e) {
      // The error that brought us here tells more.
    }
  }

  /** No byte is allocated for a length that the file's own size does not bear out. */
  private static SafetensorsHeader header(FSDataInputStream in, long size, String where) throws IOException {
    if (size < 10)
      throw new UserError(where + " is damaged: it has " + size + " bytes, too few for a safetensors file");
    byte[] length = new byte[8];
    in.readFully(0, length);
    long n = ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (n < 2 || n > SafetensorsHeader.LIMIT || n > size - 8) {
      throw new UserError(where + " is damaged or no safetensors file: its header claims " + Long.toUnsignedString(n)
          + " bytes; the file has " + size + " and a header at most " + SafetensorsHeader.LIMIT);
    }
    byte[] json = new byte[(int) n];
    in.readFully(8, json);
    if (json[0] != '{')
      throw new UserError(where + " is damaged or no safetensors file: its header does not begin with {");
    return SafetensorsHeader.parse(json, 8 + n, size - 8 - n, where);
  }

  SafetensorsHeader header() {
    return header;
  }

  Path path() {
    return path;
  }

  void read(String name, long from, float[] into, int offset, int count) {
    ElementType type = placed(name).spec().type();
    if (!type.readable())
      throw new UserError(path + ": " + name + " is " + type + "; weights are read as F32, F16 or BF16");
    pieces(name, from, count, (bytes, done, n) -> {
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

  void read(String name, long from, long[] into, int offset, int count) {
    ElementType type = placed(name).spec().type();
    if (type != ElementType.I64 && type != ElementType.I32) {
      throw new UserError(path + ": " + name + " is " + type + "; whole numbers are read as I64 or I32");
    }
    pieces(name, from, count, (bytes, done, n) -> {
      for (int i = 0; i < n; i++) {
        into[offset + done + i] = type == ElementType.I64 ? bytes.getLong(8 * i) : bytes.getInt(4 * i);
      }
    });
  }

  /** What is done with each piece: {@code n} elements, {@code done} of them before it. */
  private interface Piece {
    void take(ByteBuffer bytes, int done, int n);
  }

  private void pieces(String name, long from, int count, Piece piece) {
    SafetensorsHeader.Placed placed = placed(name);
    Objects.checkFromIndexSize(from, count, placed.spec().count());
    int width = placed.spec().type().bytes(), most = PIECE / width;
    byte[] bytes = new byte[(int) Math.min(PIECE, (long) count * width)];
    ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    try {
      for (int done = 0; done < count; done += most) {
        int n = Math.min(most, count - done);
        in.readFully(placed.offset() + (from + done) * width, bytes, 0, n * width);
        piece.take(view, done, n);
      }
    } catch (EOFException e) {
      throw new UserError(path + " is damaged: it ends within " + name, e);
    } catch (IOException e) {
      throw Storage.failed(path, e);
    }
  }

  private SafetensorsHeader.Placed placed(String name) {
    SafetensorsHeader.Placed placed = header.tensors().get(name);
    if (placed == null) throw new IllegalArgumentException(path + " has no tensor " + name);
    return placed;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
