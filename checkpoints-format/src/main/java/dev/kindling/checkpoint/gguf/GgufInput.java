package dev.kindling.checkpoint.gguf;

import dev.kindling.checkpoint.UserError;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the numbers, strings and arrays of a GGUF file's head. No length is believed that the file's own size does not
 * bear out, and no more than {@value #MOST_VALUES} values and {@value #MOST_TEXT} bytes of strings are kept.
 */
final class GgufInput {
  private static final int MOST_VALUES = 1 << 24, MOST_TEXT = 1 << 28, LONGEST_NAME = 65_535;
  private static final String[] TYPES = {"u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array",
      "u64", "i64", "f64"};

  private final InputStream in;
  private final long size;
  private final String where;
  private final ByteBuffer number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
  private long position, values, text;

  GgufInput(InputStream in, long size, String where) {
    this.in = new BufferedInputStream(in, 1 << 16);
    this.size = size;
    this.where = where;
  }

  long position() {
    return position;
  }

  long remaining() {
    return size - position;
  }

  UserError damaged(String how) {
    return new UserError(where + " is damaged: " + how);
  }

  private void bytes(byte[] into, int count) throws IOException {
    if (count > remaining() || in.readNBytes(into, 0, count) < count) throw new EOFException();
    position += count;
  }

  private ByteBuffer next(int count) throws IOException {
    bytes(number.array(), count);
    return number;
  }

  int u32() throws IOException {
    return next(4).getInt(0);
  }

  /** A count or a length: what is above the range of long is as wrong as what is negative. */
  long count(String what, long bytesEach) throws IOException {
    long n = next(8).getLong(0);
    if (n < 0 || n > remaining() / bytesEach) {
      throw damaged("it claims " + Long.toUnsignedString(n) + " " + what + " in its last " + remaining() + " bytes");
    }
    return n;
  }

  long u64() throws IOException {
    return next(8).getLong(0);
  }

  /** A key or a tensor's name: at most {@value #LONGEST_NAME} bytes (docs/gguf.md allows keys 65535 and tensors 64). */
  String name() throws IOException {
    long length = next(8).getLong(0);
    if (length < 0 || length > LONGEST_NAME)
      throw damaged("it claims a name of " + Long.toUnsignedString(length) + " bytes");
    return text((int) length);
  }

  private String string() throws IOException {
    long length = count("bytes of a string", 1);
    text += length + 16;
    if (text > MOST_TEXT) throw damaged("its head holds more than " + MOST_TEXT + " bytes of strings");
    return text((int) length);
  }

  private String text(int length) throws IOException {
    byte[] utf8 = new byte[length];
    bytes(utf8, length);
    return new String(utf8, StandardCharsets.UTF_8);
  }

  /** A metadata value: Long, Double, Boolean, String or a list of them. */
  Object value(int type, int depth) throws IOException {
    if (++values > MOST_VALUES) throw damaged("its head holds more than " + MOST_VALUES + " values");
    return switch (type) {
      case 0 -> (long) Byte.toUnsignedInt(next(1).get(0));
      case 1 -> (long) next(1).get(0);
      case 2 -> (long) Short.toUnsignedInt(next(2).getShort(0));
      case 3 -> (long) next(2).getShort(0);
      case 4 -> Integer.toUnsignedLong(u32());
      case 5 -> (long) u32();
      case 6 -> (double) next(4).getFloat(0);
      case 7 -> next(1).get(0) != 0;
      case 8 -> string();
      case 9 -> array(depth);
      case 10, 11 -> u64();
      case 12 -> next(8).getDouble(0);
      default -> throw damaged("it has a value of type " + Integer.toUnsignedString(type) + "; known are 0 to "
          + (TYPES.length - 1));
    };
  }

  private List<Object> array(int depth) throws IOException {
    if (depth > 4) throw damaged("its arrays are nested more than 4 deep");
    int type = u32();
    long n = count("elements of an array", 1);
    List<Object> all = new ArrayList<>();
    for (long i = 0; i < n; i++) all.add(value(type, depth + 1));
    return all;
  }
}
