package dev.kindling.train.profile;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PackedWeight;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * How fast this machine multiplies matrices of a shape where nothing is in the way: {@link Kernels#linear} without a bias, the
 * weight packed before, the same random data again and again, the fastest of some calls. Each shape is measured once, in some 30
 * ms. Of a product with more than 1,024 rows or 4,096 columns that many are measured, which {@link ProfileTable} says below.
 */
public final class Ceilings {
  static final long MOST_COLUMNS = 4096;
  static final long MOST_ROWS = 1024;
  private static final long NANOS = 30_000_000;
  private static final int CALLS = 5;            // at least
  private static final int DISTINCT = 4093;      // values that repeat; never zeros, which are multiplied faster
  private final Kernels kernels;
  private final Map<Product, Double> known = new HashMap<>();

  public Ceilings(Kernels kernels) {
    this.kernels = kernels;
  }

  /** @return floating-point operations a second */
  public double of(Product product) {
    return known.computeIfAbsent(product.once(), this::measure);
  }

  private double measure(Product product) {
    long rows = Math.min(product.rows(), MOST_ROWS);
    long columns = Math.min(product.columns(), MOST_COLUMNS);
    try (PackedWeight weight = kernels.weight(product.inner(), columns, false, product.type());
        Memory memory = Memory
            .allocate(Math.max(product.inner() * columns * Float.BYTES, rows * columns * Float.BYTES));
        Memory input = Memory.allocate((rows + 1) * product.inner() * Float.BYTES);
        Memory stored = Memory.allocate((rows + 1) * product.inner() * product.type().bytes())) {
      kernels.pack(random(memory, product.inner(), columns), weight);
      Tensor x = random(input, rows, product.inner());
      if (product.type() != DType.FLOAT32) {
        Tensor rounded = Tensor.at(stored.address(), product.type(), rows, product.inner());
        kernels.convert(x, rounded);
        x = rounded;
      }
      Tensor y = Tensor.at(memory.address(), product.type(), rows, columns);
      return 2.0 * rows * product.inner() * columns / fastest(x, weight, y) * 1e9;
    }
  }

  private long fastest(Tensor x, PackedWeight weight, Tensor y) {
    long best = Long.MAX_VALUE;
    long start = System.nanoTime();
    for (int call = 0; call < CALLS || System.nanoTime() - start < NANOS; call++) {
      long before = System.nanoTime();
      kernels.linear(x, weight, null, y);
      best = Math.min(best, System.nanoTime() - before);
    }
    return best;
  }

  private static Tensor random(Memory memory, long rows, long columns) {
    float[] values = new float[DISTINCT];
    double[] pair = new double[2];
    CounterRandom random = CounterRandom.of(1, "ceiling");
    for (int i = 0; i < DISTINCT; i++) {
      random.normals(i, pair);
      values[i] = (float) pair[0];
    }
    Tensor tensor = Tensor.at(memory.address(), DType.FLOAT32, rows, columns);
    for (long at = 0; at < tensor.size(); at += DISTINCT) {
      tensor.put(at, values, 0, (int) Math.min(DISTINCT, tensor.size() - at));
    }
    return tensor;
  }
}
