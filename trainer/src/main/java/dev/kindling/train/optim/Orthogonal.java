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
   * @param parameter of which the part is made orthogonal
   * @return [rows, columns] of the part, valid until the next call
   */
  Tensor of(Tensor parameter, MatrixPart part) {
    arena.reset();
    Tensor x = arena.take(DType.FLOAT32, part.rows(), part.columns());
    Tensor next = arena.take(DType.FLOAT32, part.rows(), part.columns());
    cut(parameter, part, x);
    normalize(x);
    boolean tall = part.rows() > part.columns();
    long side = Math.min(part.rows(), part.columns());
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

  /** What a matrix [rows, columns] takes, in bytes; its products are shown to kernels that only size them. */
  static long work(long rows, long columns, Kernels sizing, boolean bfloat16) {
    boolean tall = rows > columns;
    long side = Math.min(rows, columns);
    Tensor x = Tensor.at(0, DType.FLOAT32, rows, columns);
    Tensor square = Tensor.at(0, DType.FLOAT32, side, side);
    sizing.matmul(x, tall, x, !tall, square, 1, 0, bfloat16);
    sizing.matmul(square, false, square, false, square, C, B, bfloat16);
    sizing.matmul(tall ? x : square, false, tall ? square : x, false, x, 1, A, bfloat16);
    return 2 * (x.bytes() + square.bytes());
  }

  /** to = the part's elements of a parameter. */
  private void cut(Tensor parameter, MatrixPart part, Tensor to) {
    long run = part.run();
    long runs = to.size() / run;
    long runsOfPiece = Math.max(1, PIECE / run);
    kernels.pool().run(pieces(runs, runsOfPiece), (piece, worker) -> {
      long end = Math.min(runs, (piece + 1) * runsOfPiece);
      for (long k = piece * runsOfPiece; k < end; k++) {
        Raw.copy(parameter.address() + Float.BYTES * (part.start() + k * part.stride()),
            to.address() + Float.BYTES * k * run, Float.BYTES * run);
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
