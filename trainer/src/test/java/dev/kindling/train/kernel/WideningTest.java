package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.Machine.assertClose;
import static dev.kindling.train.kernel.Machine.assertSameBits;
import static dev.kindling.train.kernel.Twins.ONE;
import static dev.kindling.train.kernel.Twins.TWO;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.kernel.OneDnnProducts.Place;
import dev.kindling.train.kernel.Primitive.Matrix;
import dev.kindling.train.kernel.Primitive.Order;
import dev.kindling.train.kernel.Primitive.Product;
import dev.kindling.train.kernel.Primitive.Reorder;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Bf16 where oneDNN has none. In a fork that has no more than AVX2, as most tests of bf16 kernels are once more. */
class WideningTest {
  private static final DType F = DType.FLOAT32;
  private static final DType B = DType.BFLOAT16;
  private final Machine machine = new Machine(ONE, 7);
  private final OneDnnWorker worker = new OneDnnWorker(new VectorRowKernels(), 64);

  @AfterEach
  void close() {
    worker.close();
    machine.close();
  }

  @Test
  void theForkHasNoBfloat16() {
    assertThat(TWO.describe()).contains("(avx2)").doesNotContain("512");
    assertThat(TWO.fastBfloat16()).isFalse();
    assertThat(OneDnn.hasBfloat16()).isFalse();
  }

  /** Against sums in double precision of what bf16 holds; a result in bf16 is half a unit of 2⁻⁸ off at the most. */
  @ParameterizedTest
  @CsvSource({"1, 1, 1", "3, 33, 17", "7, 64, 5", "64, 40, 31", "128, 259, 96"})
  void productsInAllOrders(int m, int k, int n) {
    Tensor a = machine.random(B, m, k), b = machine.random(B, k, n), before = machine.random(B, m, n);
    for (Order left : new Order[]{Order.ROWS, Order.COLUMNS}) {
      for (Order right : new Order[]{Order.ROWS, Order.COLUMNS}) {
        for (DType type : DType.values()) {
          for (boolean sum : new boolean[]{false, true}) {
            if (type == DType.INT32) continue;
            Tensor c = machine.empty(type, m, n);
            for (long i = 0; i < c.size(); i++) Machine.set(c, i, Machine.get(before, i));
            worker.here().run(
                new Product(m, n, k, matrix(left, B, m, k), matrix(right, B, k, n), rows(type, n), false, sum),
                laid(a, left, m, k).address(), laid(b, right, k, n).address(), c.address());
            assertClose(left + " " + right + " " + type + " " + sum, Machine.values(c),
                product(a, b, sum ? before : null, m, k, n), type == B ? 4e-3 : 1e-6);
          }
        }
      }
    }
  }

  private static float[] product(Tensor a, Tensor b, Tensor before, int m, int k, int n) {
    float[] c = new float[m * n];
    for (int i = 0; i < c.length; i++) {
      double sum = before == null ? 0 : Machine.get(before, i);
      for (int j = 0; j < k; j++)
        sum += (double) Machine.get(a, (long) i / n * k + j) * Machine.get(b, (long) j * n + i % n);
      c[i] = (float) sum;
    }
    return c;
  }

  private static Matrix rows(DType type, int columns) {
    return new Matrix(type, Order.ROWS, columns);
  }

  private static Matrix matrix(Order order, DType type, int rows, int columns) {
    return new Matrix(type, order, order == Order.ROWS ? columns : rows);
  }

  /** The matrix in an order. */
  private Tensor laid(Tensor matrix, Order order, int rows, int columns) {
    if (order == Order.ROWS) return matrix;
    Tensor turned = machine.empty(matrix.type(), columns, rows);
    for (long i = 0; i < matrix.size(); i++)
      Machine.set(turned, i % columns * rows + i / columns, Machine.get(matrix, i));
    return turned;
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "5, 33", "64, 70"})
  void reordersRoundOnceAndMoveWhatIsThere(int rows, int columns) {
    Tensor wide = machine.random(F, rows, columns);
    Tensor narrow = machine.empty(B, rows, columns);
    for (long i = 0; i < wide.size(); i++) Machine.set(narrow, i, Machine.get(wide, i));
    for (Order order : new Order[]{Order.ROWS, Order.COLUMNS}) {
      Tensor expected = laid(narrow, order, rows, columns);
      for (Tensor from : new Tensor[]{wide, narrow}) {
        Tensor to = machine.empty(B, expected.shape());
        worker.here().run(
            new Reorder(rows, columns, rows(from.type(), columns), matrix(order, B, rows, columns)),
            from.address(), to.address());
        assertSameBits(order + " of " + from.type(), to, expected);
      }
      Tensor widened = machine.empty(F, expected.shape());
      worker.here().run(new Reorder(rows, columns, rows(B, columns), matrix(order, F, rows, columns)),
          narrow.address(), widened.address());
      assertSameBits(order + " widened", widened, expected);
    }
  }

  /** A weight is rounded as it is packed, whether it is staged before or not. */
  @Test
  void whatIsPackedIsRounded() {
    Tensor x = machine.random(B, 3, 40), w = machine.random(F, 40, 70), rounded = machine.empty(F, 40, 70);
    for (long i = 0; i < w.size(); i++) {
      Tensor one = machine.empty(B, 1);
      Machine.set(one, 0, Machine.get(w, i));
      Machine.set(rounded, i, Machine.get(one, 0));
    }
    Tensor found = machine.empty(F, 3, 70), expected = machine.empty(F, 3, 70);
    try (PackedWeight ofMaster = machine.pack(w, false, B); PackedWeight ofRounded = machine.pack(rounded, false, B)) {
      ONE.linear(x, ofMaster, null, found);
      ONE.linear(x, ofRounded, null, expected);
    }
    assertSameBits("y", found, expected);
    OneDnnWeight.Panels panels = new OneDnnWeight.Panels(0, B, 40, 70);
    Tensor packed = machine.empty(F, panels.bytes() / Float.BYTES);
    OneDnnProducts.packPanel(worker.here(), Place.of(w), false, panels.at(packed.address()), 0);
    Tensor other = machine.empty(F, panels.bytes() / Float.BYTES);
    OneDnnProducts.packPanel(worker.here(), Place.of(rounded), false, panels.at(other.address()), 0);
    for (Tensor w1 : new Tensor[]{packed, other}) {
      Tensor y = w1 == packed ? found : expected;
      OneDnnProducts.multiplyBlock(worker, Place.of(x), 0, 3, panels.at(w1.address()), 0, 0, Place.of(y).inRows(),
          y.address(), false);
    }
    assertSameBits("first panel", found, expected);
  }
}
