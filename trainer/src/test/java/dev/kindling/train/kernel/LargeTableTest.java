package dev.kindling.train.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

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

  /** Small whole numbers: exact in bf16, five times them too. */
  private static float value(int id, int column) {
    return (id * 31 + column) % 13 - 6;
  }

  private static void assertValue(Tensor tensor, long element, float expected) {
    float found = Machine.get(tensor, element);
    if (found != expected) assertThat(found).as("element %d", element).isEqualTo(expected);
  }
}
