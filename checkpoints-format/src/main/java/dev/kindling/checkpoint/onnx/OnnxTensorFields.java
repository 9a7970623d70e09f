package dev.kindling.checkpoint.onnx;

import static dev.kindling.checkpoint.onnx.OnnxInput.BYTES;
import static dev.kindling.checkpoint.onnx.OnnxInput.VARINT;

import dev.kindling.checkpoint.TensorSpec;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * One {@code TensorProto} while it is read. Values stay in the file where they lie there as in memory ({@code raw_data},
 * packed {@code float_data} and {@code double_data}); those written as varints are kept.
 */
final class OnnxTensorFields implements OnnxInput.Fields {
  private static final int DIMS = 1 << 3, TYPE = 2 << 3 | VARINT, FLOATS = 4 << 3 | BYTES, INT32S = 5 << 3,
      INT64S = 7 << 3, NAME = 8 << 3 | BYTES, RAW = 9 << 3 | BYTES, DOUBLES = 10 << 3 | BYTES, UINT64S = 11 << 3,
      EXTERNAL = 13 << 3 | BYTES, LOCATION = 14 << 3 | VARINT, KEY = 1 << 3 | BYTES, VALUE = 2 << 3 | BYTES;
  private static final int MOST_DIMENSIONS = 64;

  private final OnnxInput in;
  private final Map<String, String> external = new HashMap<>();
  private String name = "";
  private long typeId, location;
  private long[] shape = new long[4], varints = new long[0];
  private int dimensions, varintCount;
  private int offset = -1, length;

  OnnxTensorFields(OnnxInput in) {
    this.in = in;
  }

  @Override
  public boolean take(int tag) throws IOException {
    switch (tag) {
      case DIMS, DIMS | BYTES -> in.numbers(tag, this::dimension);
      case TYPE -> typeId = in.number();
      case NAME -> name = in.text();
      case LOCATION -> location = in.number();
      case RAW, FLOATS, DOUBLES -> {
        if (offset >= 0) throw new OnnxFormatException(name + " holds its values twice");
        length = in.length();
        offset = in.position();
        in.skipBytes(length);
      }
      case INT32S, INT32S | BYTES, INT64S, INT64S | BYTES, UINT64S, UINT64S | BYTES -> in.numbers(tag, this::varint);
      case EXTERNAL -> entry();
      default -> {
        return false;
      }
    }
    return true;
  }

  private void dimension(long n) {
    if (dimensions == shape.length) shape = Arrays.copyOf(shape, 2 * dimensions);
    shape[dimensions++] = n;
  }

  private void varint(long value) {
    if (varintCount == varints.length) varints = Arrays.copyOf(varints, Math.max(8, varintCount + (varintCount >> 1)));
    varints[varintCount++] = value;
  }

  private void entry() throws IOException {
    String[] pair = {"", ""};
    in.message(tag -> {
      if (tag != KEY && tag != VALUE) return false;
      pair[tag == KEY ? 0 : 1] = in.text();
      return true;
    });
    external.put(pair[0], pair[1]);
  }

  /** @throws OnnxFormatException when what was read does not fit together */
  OnnxTensor tensor() throws IOException {
    OnnxType type = OnnxType.of((int) Math.max(-1, Math.min(typeId, 1000)));
    if (type == null) throw new OnnxFormatException(name + " has the type " + typeId + ", which is not known");
    if (dimensions > MOST_DIMENSIONS) throw new OnnxFormatException(name + " has " + dimensions + " dimensions");
    OnnxTensor tensor = new OnnxTensor(name, type, Arrays.copyOf(shape, dimensions), null, null, Math.max(offset, 0));
    long bytes = bytes(tensor);
    if (location == 1) return external(tensor, bytes);
    if (bytes < 0) return tensor;                                // a type whose values nobody asks for
    if (varintCount > 0) return kept(tensor, bytes);
    if (length != bytes)
      throw new OnnxFormatException(name + " needs " + bytes + " bytes and has " + length);
    return tensor;
  }

  /** Size of the values; -1 for a type without a fixed one. */
  private static long bytes(OnnxTensor tensor) throws IOException {
    try {
      TensorSpec spec = tensor.spec();
      return spec == null ? -1 : spec.bytes();
    } catch (ArithmeticException | IllegalArgumentException e) {
      throw new OnnxFormatException(tensor.name() + " has a shape beyond all sizes");
    }
  }

  /** Varints hold the bits of a value in its lowest bytes: a float16 as an unsigned number of 16 bits. */
  private OnnxTensor kept(OnnxTensor tensor, long bytes) throws IOException {
    int width = tensor.type().element().bytes();
    if (bytes != (long) varintCount * width || bytes > Integer.MAX_VALUE)
      throw new OnnxFormatException(name + " needs " + bytes / width + " values and has " + varintCount);
    byte[] values = new byte[(int) bytes];
    for (int i = 0; i < values.length; i++) values[i] = (byte) (varints[i / width] >> 8 * (i % width));
    return new OnnxTensor(name, tensor.type(), tensor.shape(), values, null, 0);
  }

  private OnnxTensor external(OnnxTensor tensor, long bytes) throws IOException {
    String file = external.getOrDefault("location", "");
    if (file.isEmpty() || file.startsWith("/") || file.matches(".*[\\\\:].*") || ("/" + file + "/").contains("/../"))
      throw new OnnxFormatException(name + " lies in the file \"" + file + "\"; it must be one beside the model");
    long at = externalNumber("offset", 0), size = externalNumber("length", bytes);
    if (at < 0 || bytes >= 0 && size != bytes)
      throw new OnnxFormatException(name + " needs " + bytes + " bytes and has " + size + " at " + at + " of " + file);
    return new OnnxTensor(name, tensor.type(), tensor.shape(), null, file, at);
  }

  private long externalNumber(String key, long otherwise) throws IOException {
    String text = external.get(key);
    try {
      return text == null ? otherwise : Long.parseLong(text.strip());
    } catch (NumberFormatException e) {
      throw new OnnxFormatException(name + " has the " + key + " \"" + text + "\", which is no number");
    }
  }
}
