package dev.kindling.jobs.track;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * TFRecord framing (tensorflow/core/lib/io/record_writer.h): length as 8 bytes, its checksum, the bytes, their checksum; little-endian,
 * checksums are CRC-32C, rotated right by 15 bits and moved by a constant, so that a checksum of checksums stays sound.
 */
final class TfRecord {
  private static final int MOVED_BY = 0xa282ead8;

  private TfRecord() {
  }

  static void write(OutputStream out, byte[] record) throws IOException {
    ByteBuffer frame = ByteBuffer.allocate(Long.BYTES + 2 * Integer.BYTES + record.length)
        .order(ByteOrder.LITTLE_ENDIAN);
    frame.putLong(record.length).putInt(checksum(frame.array(), Long.BYTES)).put(record)
        .putInt(checksum(record, record.length));
    out.write(frame.array());
  }

  private static int checksum(byte[] bytes, int count) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, count);
    return Integer.rotateRight((int) crc.getValue(), 15) + MOVED_BY;
  }
}
