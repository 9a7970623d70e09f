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
  private static final int PIECE = 1 << 14;                // elements that a thread copies at once
  private final Kernels kernels;
  private final boolean bfloat16;
  private final Chunks chunks;
  private final Arena arena = new Arena();

  Orthogonal(Kernels kernels, boolean bfloat16) {
    this.kernels = kernels;
    this.bfloat16 = bfloat16;
    this.chunks = new Chunks(kernels, 1);
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
    cut(matrix, from, x);
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

  /** to = columns of a matrix, from {@code from} on. */
  private void cut(Tensor matrix, long from, Tensor to) {
    long width = to.dim(1);
    long stride = matrix.dim(1);
    long rowsOfPiece = Math.max(1, PIECE / width);
    kernels.pool().run(pieces(to.dim(0), rowsOfPiece), (piece, worker) -> {
      long end = Math.min(to.dim(0), (piece + 1) * rowsOfPiece);
      for (long row = piece * rowsOfPiece; row < end; row++) {
        Raw.copy(matrix.address() + Float.BYTES * (row * stride + from), to.address() + Float.BYTES * row * width,
            Float.BYTES * width);
      }
    });
  }

  /** Divides by the Frobenius norm, which is no less than the largest singular value. */
  private void normalize(Tensor x) {
    double[] squares = new double[pieces(x.size(), Kernels.NORM_BLOCK)];
    kernels.sumSquares(x, squares);
    double sum = 0;
    for (double square : squares) sum += square;
    float scale = (float) (1 / Math.max(Math.sqrt(sum), EPSILON));
    chunks.run(x.size(), (from, count, arrays) -> {
      long at = x.address() + Float.BYTES * from;
      Raw.copy(at, arrays[0], 0, count);
      scale(arrays[0], count, scale);
      Raw.copy(arrays[0], 0, count, at);
    });
  }

  private static void scale(float[] x, int count, float factor) {
    for (int i = 0; i < count; i++) x[i] *= factor;
  }

  private void copy(Tensor from, Tensor to) {
    kernels.pool().run(pieces(from.size(), PIECE), (piece, worker) -> {
      long at = (long) piece * PIECE;
      Raw.copy(from.address() + Float.BYTES * at, to.address() + Float.BYTES * at,
          Float.BYTES * Math.min(PIECE, from.size() - at));
    });
  }

  private static int pieces(long size, long piece) {
    return Math.toIntExact((size + piece - 1) / piece);
  }

  @Override
  public void close() {
    arena.close();
  }
}
