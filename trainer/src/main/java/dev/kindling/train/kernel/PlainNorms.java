package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Tensor;

/** {@link Norms} in plain Java, sums in double. Sums over rows go by columns: each column in row order. */
final class PlainNorms implements Norms {
  private final PlainLoops loops;

  PlainNorms(PlainLoops loops) {
    this.loops = loops;
  }

  /** As groups of the scale's size. */
  private static PlainMatrix groups(Tensor x, Tensor scale) {
    return x == null ? null : PlainMatrix.of(x.reshape(x.size() / scale.size(), scale.size()));
  }

  private static PlainMatrix vector(Tensor x) {
    return x == null ? null : PlainMatrix.of(x);
  }

  @Override
  public void normalize(Norm norm, Tensor x, Tensor residual, Tensor sum, Tensor scale, Tensor shift, Tensor y,
      Tensor stats) {
    PlainMatrix in = groups(x, scale);
    PlainMatrix more = groups(residual, scale);
    PlainMatrix sums = more == null ? in : groups(sum, scale);
    PlainMatrix scales = vector(scale);
    PlainMatrix shifts = vector(shift);
    PlainMatrix out = groups(y, scale);
    PlainMatrix stat = PlainMatrix.of(stats);
    loops.overRows(in.rows(), r -> {
      long width = in.columns();
      double mean = 0;
      for (long c = 0; c < width; c++) {
        if (more != null) sums.put(r, c, in.get(r, c) + more.get(r, c));
        mean += sums.get(r, c);
      }
      mean = norm.centered() ? mean / width : 0;
      double variance = 0;
      for (long c = 0; c < width; c++) {
        double centered = sums.get(r, c) - mean;
        variance += centered * centered;
      }
      double inverse = 1 / Math.sqrt(variance / width + norm.epsilon());
      for (long c = 0; c < width; c++) {
        double normalized = (sums.get(r, c) - mean) * inverse * ((double) norm.offset() + scales.get(0, c));
        out.put(r, c, (float) (shifts == null ? normalized : normalized + shifts.get(0, c)));
      }
      stat.put(r, 0, (float) mean);
      stat.put(r, 1, (float) inverse);
    });
  }

  @Override
  public void normalizeGradient(Norm norm, Tensor dy, Tensor sum, Tensor scale, Tensor stats, Tensor dResidual,
      Tensor dx, Tensor dScale, Tensor dShift) {
    PlainMatrix out = groups(dy, scale);
    PlainMatrix in = groups(sum, scale);
    PlainMatrix stat = PlainMatrix.of(stats);
    addToWeights(out, in, stat, vector(dScale), vector(dShift));
    PlainMatrix scales = vector(scale);
    PlainMatrix passing = groups(dResidual, scale);
    PlainMatrix to = groups(dx, scale);
    loops.overRows(in.rows(), r -> {
      long width = in.columns();
      double mean = stat.get(r, 0);
      double inverse = stat.get(r, 1);
      double meanE = 0;
      double meanEh = 0;
      for (long c = 0; c < width; c++) {
        double e = out.get(r, c) * ((double) norm.offset() + scales.get(0, c));
        meanE += e;
        meanEh += e * (in.get(r, c) - mean) * inverse;
      }
      meanE = norm.centered() ? meanE / width : 0;
      meanEh /= width;
      for (long c = 0; c < width; c++) {
        double e = out.get(r, c) * ((double) norm.offset() + scales.get(0, c));
        double h = (in.get(r, c) - mean) * inverse;
        double back = (e - meanE - h * meanEh) * inverse;
        to.put(r, c, (float) (passing == null ? back : passing.get(r, c) + back));
      }
    });
  }

  private void addToWeights(PlainMatrix dy, PlainMatrix x, PlainMatrix stats, PlainMatrix dScale, PlainMatrix dShift) {
    loops.overColumns(x.columns(), c -> {
      double scaled = 0;
      double shifted = 0;
      for (long r = 0; r < x.rows(); r++) {
        scaled += dy.get(r, c) * ((double) x.get(r, c) - stats.get(r, 0)) * stats.get(r, 1);
        shifted += dy.get(r, c);
      }
      if (dScale != null) dScale.put(0, c, (float) (dScale.get(0, c) + scaled));
      if (dShift != null) dShift.put(0, c, (float) (dShift.get(0, c) + shifted));
    });
  }
}
