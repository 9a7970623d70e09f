package dev.kindling.train.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class MemoryTest {
  private static final int FLOATS = 1 << 16;

  /** The tensor is all that its taker keeps, as kernels in the middle of a loop do. */
  private static Tensor take(float value) {
    Tensor tensor = Tensor.at(Memory.allocate(4L * FLOATS).address(), DType.FLOAT32, FLOATS);
    for (int i = 0; i < FLOATS; i++) Raw.putFloat(tensor.address() + 4L * i, value);
    return tensor;
  }

  @Test
  void whatIsNotClosedKeepsItsContentThoughNothingPointsToItButAnAddress() throws InterruptedException {
    List<Tensor> tensors = new ArrayList<>();
    for (int round = 0; round < 8; round++) {
      for (int i = 0; i < 4; i++) tensors.add(take(tensors.size()));
      System.gc();
      Thread.sleep(20);                          // ND4J frees on a thread of its own
    }
    for (int i = 0; i < tensors.size(); i++) assertThat(tensors.get(i).toFloats()).containsOnly(i);
  }

  @Test
  void freshMemoryIsZeroAndAligned() {
    for (long bytes : new long[]{1, 63, 4096, 1_000_003}) {
      try (Memory memory = Memory.allocate(bytes)) {
        assertThat(memory.address() % 64).isZero();
        byte[] content = new byte[(int) bytes];
        Memory.view(memory.address(), content.length).get(content);
        assertThat(content).containsOnly(0);
      }
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void whatWasNeverWrittenIsNotResidentAndWhatIsClosedNoLonger() throws IOException {
    Memory.allocate(1).close();                  // ND4J is there
    long bytes = 1L << 30;
    long before = residentBytes();
    try (Memory memory = Memory.untouched(bytes)) {
      assertThat(residentBytes() - before).isLessThan(bytes / 8);
      Raw.zero(memory.address(), bytes / 4);
      assertThat(residentBytes() - before).isBetween(bytes / 8, bytes / 2);
    }
    assertThat(residentBytes() - before).isLessThan(bytes / 8);
  }

  private static long residentBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
    }
    throw new IOException("no VmRSS in /proc/self/status");
  }
}
