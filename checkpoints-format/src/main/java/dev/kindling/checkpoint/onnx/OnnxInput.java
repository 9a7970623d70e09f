package dev.kindling.checkpoint.onnx;

import com.google.protobuf.CodedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.LongConsumer;

/**
 * Reads protobuf messages field by field, without classes generated for them. No length is believed that the message
 * around it does not bear out.
 */
final class OnnxInput {
  /** Wire types of protobuf's encoding; {@code number << 3 | type} is a field's tag. */
  static final int VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5;

  private final CodedInputStream in;

  /** @param size of the whole file in bytes, which is one message */
  OnnxInput(InputStream in, int size) throws IOException {
    this.in = CodedInputStream.newInstance(in);
    this.in.setSizeLimit(Integer.MAX_VALUE);
    this.in.pushLimit(size);
  }

  /** What is done with one field. */
  @FunctionalInterface
  interface Fields {
    /** @param tag the field's number and wire type; @return false to have the field skipped */
    boolean take(int tag) throws IOException;
  }

  /** The fields up to the end of the message at hand, or of the file. */
  void fields(Fields fields) throws IOException {
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) { if (!fields.take(tag)) skip(tag); }
  }

  /** A message that is a field's value. */
  void message(Fields fields) throws IOException {
    int before = in.pushLimit(length());
    fields(fields);
    in.popLimit(before);
  }

  /** Bytes from the beginning of the file. */
  int position() {
    return in.getTotalBytesRead();
  }

  /** The length that precedes a field of bytes. */
  int length() throws IOException {
    int length = in.readRawVarint32();
    if (length < 0 || length > in.getBytesUntilLimit()) throw new EOFException();
    return length;
  }

  void skipBytes(int count) throws IOException {
    in.skipRawBytes(count);
  }

  long number() throws IOException {
    return in.readInt64();
  }

  float float32() throws IOException {
    return in.readFloat();
  }

  String text() throws IOException {
    return in.readString();
  }

  /** Whole numbers of a repeated field, which come packed or one by one. */
  void numbers(int tag, LongConsumer each) throws IOException {
    if ((tag & 7) == VARINT) {
      each.accept(number());
      return;
    }
    int before = in.pushLimit(length());
    while (in.getBytesUntilLimit() > 0) each.accept(number());
    in.popLimit(before);
  }

  private void skip(int tag) throws IOException {
    switch (tag & 7) {
      case VARINT -> in.readRawVarint64();
      case FIXED64 -> in.skipRawBytes(8);
      case BYTES -> in.skipRawBytes(length());
      case FIXED32 -> in.skipRawBytes(4);
      default -> throw new OnnxFormatException("a part of it is of a kind (" + (tag & 7) + ") that ONNX does not use");
    }
  }
}
