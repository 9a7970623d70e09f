package dev.kindling.checkpoint.onnx;

import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Small ONNX files, written with protobuf's own encoder by the field numbers of onnx.proto3. */
public final class OnnxBytes {
  private OnnxBytes() {
  }

  /** Fields of one message. */
  @FunctionalInterface
  public interface Fields {
    void write(CodedOutputStream out) throws IOException;
  }

  public static byte[] message(Fields... fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    try {
      for (Fields f : fields) f.write(out);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  public static Fields bytes(int field, byte[] value) {
    return out -> out.writeByteArray(field, value);
  }

  public static Fields text(int field, String value) {
    return out -> out.writeString(field, value);
  }

  public static Fields number(int field, long value) {
    return out -> out.writeInt64(field, value);
  }

  /** A whole file around a graph's fields. */
  public static byte[] model(Fields... graph) {
    return message(number(1, 8), text(2, "a test"), bytes(7, message(graph)),
        bytes(8, message(text(1, ""), number(2, 17))));
  }

  public static Fields initializer(String name, int type, long[] shape, Fields... data) {
    return bytes(5, tensor(name, type, shape, data));
  }

  /** A TensorProto. @param type of TensorProto.DataType: 1 float, 6 int32, 7 int64, 10 float16, ... */
  public static byte[] tensor(String name, int type, long[] shape, Fields... data) {
    return message(out -> {
      for (long n : shape) out.writeInt64(1, n);
    }, number(2, type), text(8, name), out -> {
      for (Fields f : data) f.write(out);
    });
  }

  /** raw_data of float32 values. */
  public static Fields raw(float... values) {
    return bytes(9, littleEndian(values));
  }

  public static byte[] littleEndian(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float v : values) bytes.putFloat(v);
    return bytes.array();
  }

  /** A packed list of whole numbers. */
  public static Fields packed(int field, long... values) {
    return bytes(field, message(out -> {
      for (long v : values) out.writeInt64NoTag(v);
    }));
  }

  public static Fields node(String operator, String[] inputs, String output, Fields... rest) {
    return bytes(1, message(out -> {
      for (String in : inputs) out.writeString(1, in);
    }, text(2, output), text(3, "/" + output), text(4, operator), out -> {
      for (Fields f : rest) f.write(out);
    }));
  }

  /** An attribute of a node. @param value with its field: 2 float, 3 whole number, 4 text, 5 tensor, 8 whole numbers */
  public static Fields attribute(String name, Fields value) {
    return bytes(5, message(text(1, name), value));
  }
}
