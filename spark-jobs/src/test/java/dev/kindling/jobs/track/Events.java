package dev.kindling.jobs.track;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.UnknownFieldSet;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Reads event files as TensorBoard does, and shares no code with what writes them: frames and checksums by hand, a bit at a time, messages
 * by protobuf's generic parser.
 */
public final class Events {
  private static final int POLYNOMIAL = 0x82F63B78;        // CRC-32C, reflected

  private Events() {
  }

  /** A scalar as the file has it. */
  public record Scalar(String tag, long step, float value) {}

  /** What is plotted of a folder: the start of a session at a step takes back what was said of it and of later ones. */
  public static List<Scalar> plotted(Path folder) throws IOException {
    List<Scalar> scalars = new ArrayList<>();
    List<Path> files;
    try (Stream<Path> all = Files.list(folder)) {
      files = all.sorted().toList();
    }
    for (Path file : files) {
      List<UnknownFieldSet> events = read(file);
      assertThat(events.get(0).getField(3).getLengthDelimitedList().get(0).toStringUtf8()).isEqualTo("brain.Event:2");
      for (UnknownFieldSet event : events) {
        long step = event.getField(2).getVarintList().get(0);
        for (var log : event.getField(7).getLengthDelimitedList()) {
          if (UnknownFieldSet.parseFrom(log).getField(1).getVarintList().get(0) == 1) {
            scalars.removeIf(s -> s.step() >= step);
          }
        }
        for (var summary : event.getField(5).getLengthDelimitedList()) {
          for (var value : UnknownFieldSet.parseFrom(summary).getField(1).getLengthDelimitedList()) {
            UnknownFieldSet fields = UnknownFieldSet.parseFrom(value);
            scalars.add(new Scalar(fields.getField(1).getLengthDelimitedList().get(0).toStringUtf8(), step,
                Float.intBitsToFloat(fields.getField(2).getFixed32List().get(0))));
          }
        }
      }
    }
    return scalars;
  }

  private static List<UnknownFieldSet> read(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    List<UnknownFieldSet> events = new ArrayList<>();
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      while (in.available() > 0) {
        byte[] length = in.readNBytes(8);
        assertThat(Integer.reverseBytes(in.readInt())).isEqualTo(masked(length));
        byte[] event = in.readNBytes(length[0] & 255 | (length[1] & 255) << 8 | (length[2] & 255) << 16);
        assertThat(Integer.reverseBytes(in.readInt())).isEqualTo(masked(event));
        events.add(UnknownFieldSet.parseFrom(event));
      }
    }
    return events;
  }

  private static int masked(byte[] bytes) {
    int crc = -1;
    for (byte b : bytes) {
      crc ^= b & 255;
      for (int bit = 0; bit < 8; bit++) crc = (crc & 1) == 1 ? crc >>> 1 ^ POLYNOMIAL : crc >>> 1;
    }
    crc = ~crc;
    return (crc >>> 15 | crc << 17) + 0xa282ead8;
  }
}
