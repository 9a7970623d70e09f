package dev.kindling.train.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.checkpoint.safetensors.SafetensorsReader;
import dev.kindling.checkpoint.safetensors.SafetensorsWriter;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A table of more than 2³¹ elements, in bf16: 4.6 GB. */
@Tag("slow")
class LargeTableTest {
  private static final long ROWS = 70_000;
  private static final int WIDTH = 32_768;
  private static final int[] IDS = {65_536, 0, 69_999, 65_535, 65_537, 0};     // row 65,536 begins at element 2³¹

  @Test
  void rowsPastTwoToTheThirtyFirstElementAreFoundAndGetTheirGradients() {
    try (Memory memory = Memory.allocate(ROWS * WIDTH * DType.BFLOAT16.bytes())) {
      Tensor table = Tensor.at(memory.address(), DType.BFLOAT16, ROWS, WIDTH);
      for (Kernels kernels : List.of(Twins.PLAIN, Twins.TWO)) {
        try (Machine machine = new Machine(kernels, 1)) {
          for (int id : IDS) {
            for (int c = 0; c < WIDTH; c++) Machine.set(table, (long) id * WIDTH + c, value(id, c));
          }
          Tensor ids = machine.ints(IDS);
          Tensor x = machine.empty(DType.FLOAT32, IDS.length, WIDTH);
          kernels.lookups().gather(ids, table, 1, false, x);
          for (int r = 0; r < IDS.length; r++) {
            for (int c = 0; c < WIDTH; c++) assertValue(x, (long) r * WIDTH + c, value(IDS[r], c));
          }
          kernels.lookups().gatherGradient(ids, x, 2, table);
          for (int id : IDS) {
            float times = id == 0 ? 5 : 3;                 // its row is taken twice
            for (int c = 0; c < WIDTH; c++) assertValue(table, (long) id * WIDTH + c, times * value(id, c));
          }
          for (long i = 0; i < WIDTH; i++) {
            assertValue(table, 65_534L * WIDTH + i, 0);
            assertValue(table, 65_538L * WIDTH + i, 0);
          }
        }
      }
    }
  }

  @Test
  void aFileOfItIsWrittenAndReadInPieces(@TempDir Path folder) throws Exception {
    long count = ROWS * WIDTH;
    var file = new org.apache.hadoop.fs.Path(folder.resolve("model.safetensors").toString());
    try (Memory memory = Memory.allocate(count * DType.BFLOAT16.bytes())) {
      Tensor table = Tensor.at(memory.address(), DType.BFLOAT16, ROWS, WIDTH);
      for (long at : marks(count)) Machine.set(table, at, mark(at));
      SafetensorsWriter.write(new Configuration(), file, source(table));
    }
    assertThat(Files.size(folder.resolve("model.safetensors"))).isBetween(2 * count, 2 * count + 1024);
    try (SafetensorsReader reader = SafetensorsReader.open(new Configuration(), file);
        Memory memory = Memory.allocate(count * DType.BFLOAT16.bytes())) {
      assertThat(reader.find("table").shape()).containsExactly(ROWS, WIDTH);
      Tensor table = Tensor.at(memory.address(), DType.BFLOAT16, ROWS, WIDTH);
      float[] piece = new float[1 << 20];
      for (long at = 0; at < count; at += piece.length) {
        int n = (int) Math.min(piece.length, count - at);
        reader.read("table", at, piece, 0, n);
        for (int i = 0; i < n; i++) Raw.putBfloat16(table.address() + 2 * (at + i), piece[i]);
      }
      for (long at : marks(count)) {
        assertValue(table, at, mark(at));
        if (at + 2 < count) assertValue(table, at + 2, 0);
      }
      float[] across = new float[4];
      reader.read("table", (1L << 31) - 2, across, 0, 4);
      assertThat(across).containsExactly(0, mark((1L << 31) - 1), mark(1L << 31), 0);
    } finally {
      Files.delete(folder.resolve("model.safetensors"));
    }
  }

  /** Elements at both ends, and on both sides of 2³¹ elements and of 2³² bytes, which is the same, and of 2³¹ bytes. */
  private static long[] marks(long count) {
    return new long[]{0, 1, (1L << 30) - 1, 1L << 30, (1L << 31) - 1, 1L << 31, count - 2, count - 1};
  }

  private static float mark(long at) {
    return at % 7 + 1;
  }

  private static WeightSource source(Tensor table) {
    return new WeightSource() {
      @Override
      public List<TensorSpec> tensors() {
        return List.of(new TensorSpec("table", ElementType.BF16, new long[]{ROWS, WIDTH}));
      }

      @Override
      public void read(String name, long from, float[] into, int offset, int count) {
        for (int i = 0; i < count; i++) into[offset + i] = Raw.getBfloat16(table.address() + 2 * (from + i));
      }
    };
  }

  /** Small whole numbers: exact in bf16, five times them too. */
  private static float value(int id, int column) {
    return (id * 31 + column) % 13 - 6;
  }

  private static void assertValue(Tensor tensor, long element, float expected) {
    float found = Machine.get(tensor, element);
    if (found != expected) assertThat(found).as("element %d", element).isEqualTo(expected);
  }
}
