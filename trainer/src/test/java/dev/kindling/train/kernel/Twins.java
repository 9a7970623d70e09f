package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.Machine.assertClose;
import static dev.kindling.train.kernel.Machine.assertSameBits;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/** The kernels that runs use, with one thread and with two, and their plain twin; open as long as the tests' JVM. */
final class Twins {
  static final Kernels PLAIN = KernelLibraries.plain(2);
  static final Kernels ONE = new OneDnnKernels(1, new VectorRowKernels());
  static final Kernels TWO = new OneDnnKernels(2, new VectorRowKernels());

  private Twins() {
  }

  /** What a call wrote, by name. */
  record Output(String name, Tensor tensor) {}

  /** A call of kernels on inputs that the machine makes, the same for the same seed. */
  @FunctionalInterface
  interface Call {
    List<Output> on(Machine machine);
  }

  /** The result agrees with the twin's, and its bits do not depend on the threads. */
  static void check(double tolerance, Call call) {
    try (Machine plain = new Machine(PLAIN, 7); Machine one = new Machine(ONE, 7); Machine two = new Machine(TWO, 7)) {
      List<Output> expected = call.on(plain);
      List<Output> actual = call.on(one);
      List<Output> threaded = call.on(two);
      for (int i = 0; i < expected.size(); i++) {
        String name = expected.get(i).name();
        assertClose(name, actual.get(i).tensor(), expected.get(i).tensor(), tolerance);
        assertSameBits(name, threaded.get(i).tensor(), actual.get(i).tensor());
      }
    }
  }

  /** Of float32: rounding alone; of bf16: one unit in the last of its 8 bits, as sums in another order may round apart. */
  static double tolerance(DType type) {
    return type == DType.FLOAT32 ? 2e-6 : 8e-3;
  }
}
