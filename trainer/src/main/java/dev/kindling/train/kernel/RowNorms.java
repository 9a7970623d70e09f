package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.RowWork.at;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/** {@link Norms} over {@link RowKernels}: blocks of rows, whose gradients of scale and shift are added in block order. */
final class RowNorms implements Norms {
  private static final int STRIP = 256;                  // columns whose partial sums one block adds
  private static final DType F = DType.FLOAT32;
  private final RowWork work;
  private float[] partials = new float[0];

  RowNorms(RowWork work) {
    this.work = work;
  }

  @Override
  public void normalize(Norm norm, Tensor x, Tensor residual, Tensor sum, Tensor scale, Tensor shift, Tensor y,
      Tensor stats) {
    RowWork.requireSameSize(x, y);
    int width = groups(x, scale);
    work.forBlocks(x.size() / width, Blocks.FEW_ROWS, (block, from, to, rows) -> {
      RowKernels kernels = rows.kernels();
      float[] scales = scales(norm, scale, rows, width);
      float[] shifts = shift == null ? rows.zeros(3, width) : rows.read(3, F, shift.address(), width);
      for (long r = from; r < to; r++) {
        float[] row = rows.read(0, x.type(), at(x, r * width), width);
        if (residual != null) {
          kernels.add(rows.read(1, F, at(residual, r * width), width), row, width);
          rows.write(row, width, F, at(sum, r * width));
        }
        float mean = norm.centered() ? kernels.sum(row, width) / width : 0;
        float variance = kernels.squaredDistance(row, mean, width) / width;
        float rstd = (float) (1 / Math.sqrt(variance + norm.epsilon()));
        kernels.normalize(row, mean, rstd, scales, shifts, row, width);
        rows.write(row, width, y.type(), at(y, r * width));
        Raw.putFloat(at(stats, 2 * r), mean);
        Raw.putFloat(at(stats, 2 * r + 1), rstd);
      }
    });
  }

  /** Elements of a group. */
  private static int groups(Tensor x, Tensor scale) {
    if (x.size() % scale.size() != 0) throw new IllegalArgumentException(x + " is not in groups of " + scale);
    return Math.toIntExact(scale.size());
  }

  private static float[] scales(Norm norm, Tensor scale, Rows rows, int width) {
    float[] scales = rows.read(2, F, scale.address(), width);
    if (norm.offset() != 0) for (int i = 0; i < width; i++) scales[i] += norm.offset();
    return scales;
  }

  @Override
  public void normalizeGradient(Norm norm, Tensor dy, Tensor sum, Tensor scale, Tensor stats, Tensor dResidual,
      Tensor dx, Tensor dScale, Tensor dShift) {
    RowWork.requireSameSize(sum, dy, dx);
    int width = groups(sum, scale);
    long count = sum.size() / width;
    int blocks = Blocks.count(count, Blocks.FEW_ROWS);
    float[] sums = partials(2L * blocks * width);
    work.forBlocks(count, Blocks.FEW_ROWS, (block, from, to, rows) -> {
      float[] scales = scales(norm, scale, rows, width);
      float[] partScale = rows.zeros(4, width);
      float[] partShift = rows.zeros(5, width);
      for (long r = from; r < to; r++) {
        float[] out = rows.row(3, width);
        rows.kernels().normGradient(rows.read(0, dy.type(), at(dy, r * width), width),
            rows.read(1, sum.type(), at(sum, r * width), width), norm.centered(), Raw.getFloat(at(stats, 2 * r)),
            Raw.getFloat(at(stats, 2 * r + 1)), scales, partScale, partShift, out, width);
        if (dResidual != null) rows.kernels().add(rows.read(6, F, at(dResidual, r * width), width), out, width);
        rows.write(out, width, dx.type(), at(dx, r * width));
      }
      System.arraycopy(partScale, 0, sums, 2 * block * width, width);
      System.arraycopy(partShift, 0, sums, (2 * block + 1) * width, width);
    });
    if (dScale != null) addPartials(sums, 0, blocks, width, dScale);
    if (dShift != null) addPartials(sums, 1, blocks, width, dShift);
  }

  private float[] partials(long size) {
    if (partials.length < size) partials = new float[Math.toIntExact(size)];
    return partials;
  }

  /** to += the blocks' partial sums, in block order; those of block i begin at (2 i + offset) width. */
  private void addPartials(float[] sums, int offset, int blocks, int width, Tensor to) {
    work.forBlocks(width, STRIP, (strip, from, end, rows) -> {
      int n = (int) (end - from);
      float[] total = rows.read(0, F, at(to, from), n);
      for (int block = 0; block < blocks; block++) {
        int at = (2 * block + offset) * width + (int) from;
        for (int i = 0; i < n; i++) total[i] += sums[at + i];
      }
      rows.write(total, n, F, at(to, from));
    });
  }
}
