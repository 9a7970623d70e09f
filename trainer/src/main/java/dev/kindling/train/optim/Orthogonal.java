package dev.kindling.train.optim;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Arena;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/**
 * The nearest orthogonal matrix, roughly: five steps of the quintic Newton-Schulz iteration that Jordan et al. 2024 tuned to
 * bring every singular value of a matrix of norm 1 near 1 (into 0.7..1.2) without a decomposition.
 *
 * <pre>
 *   A = X Xᵀ      X = a X + (b A + c A A) X        where X has no more rows than columns; else from the other side
 * </pre>
 */
final class Orthogonal implements AutoCloseable {
  private static final int STEPS = 5;
  private static final float A = 3.4445f;
  private static final float B = -4.7750f;
  private static final float C = 2.0315f;
  private static final double EPSILON = 1e-7;
  private final Kernels kernels;
  private final boolean bfloat16;
  private final Arena arena = new Arena();

  Orthogonal(Kernels kernels, boolean bfloat16) {
    this.kernels = kernels;
    this.bfloat16 = bfloat16;
  }

  /**
   * @param matrix [rows, columns]; its columns [from, from + width) are what is made orthogonal
   * @return [rows, width], valid until the next call
   */
  Tensor of(Tensor matrix, long from, long width) {
    arena.reset();
    long rows = matrix.dim(0);
    Tensor x = arena.take(DType.FLOAT32, rows, width);
    Tensor next = arena.take(DType.FLOAT32, rows, width);
    for (long row = 0; row < rows; row++) {
      long at = matrix.address() + Float.BYTES * (row * matrix.dim(1) + from);
      Raw.copy(at, x.address() + Float.BYTES * row * width, Float.BYTES * width);
    }
    normalize(x);
    boolean tall = rows > width;
    long side = Math.min(rows, width);
    Tensor gram = arena.take(DType.FLOAT32, side, side);
    Tensor polynomial = arena.take(DType.FLOAT32, side, side);
    for (int step = 0; step < STEPS; step++) {
      kernels.matmul(x, tall, x, !tall, gram, 1, 0, bfloat16);
      copy(gram, polynomial);
      kernels.matmul(gram, false, gram, false, polynomial, C, B, bfloat16);
      copy(x, next);
      if (tall) kernels.matmul(x, false, polynomial, false, next, 1, A, bfloat16);
      else kernels.matmul(polynomial, false, x, false, next, 1, A, bfloat16);
      Tensor former = x;
      x = next;
      next = former;
    }
    return x;
  }

  /** Divides by the Frobenius norm, which is no less than the largest singular value. */
  private void normalize(Tensor x) {
    double[] squares = new double[Math.toIntExact((x.size() + Kernels.NORM_BLOCK - 1) / Kernels.NORM_BLOCK)];
    kernels.sumSquares(x, squares);
    double sum = 0;
    for (double square : squares) sum += square;
    float scale = (float) (1 / Math.max(Math.sqrt(sum), EPSILON));
    for (long at = x.address(); at < x.address() + x.bytes(); at += Float.BYTES) {
      Raw.putFloat(at, Raw.getFloat(at) * scale);
    }
  }

  private static void copy(Tensor from, Tensor to) {
    Raw.copy(from.address(), to.address(), from.bytes());
  }

  @Override
  public void close() {
    arena.close();
  }
}
