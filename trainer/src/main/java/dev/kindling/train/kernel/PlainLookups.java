package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/** {@link Lookups} in plain Java. */
final class PlainLookups implements Lookups {
  private final PlainLoops loops;

  PlainLookups(PlainLoops loops) {
    this.loops = loops;
  }

  private static int int32(Tensor of, long i) {
    return Raw.getInt(of.address() + i * Integer.BYTES);
  }

  @Override
  public void gather(Tensor ids, Tensor table, float factor, boolean add, Tensor x) {
    PlainMatrix from = PlainMatrix.of(table);
    PlainMatrix to = PlainMatrix.of(x);
    loops.overRows(ids.size(), r -> {
      int id = int32(ids, r);
      for (long c = 0; c < to.columns(); c++) {
        float value = factor * from.get(id, c);
        to.put(r, c, add ? to.get(r, c) + value : value);
      }
    });
  }

  @Override
  public void gatherGradient(Tensor ids, Tensor dx, float factor, Tensor dTable) {
    PlainMatrix from = PlainMatrix.of(dx);
    PlainMatrix table = PlainMatrix.of(dTable);
    loops.overColumns(from.columns(), c -> {
      for (long r = 0; r < ids.size(); r++) {
        int id = int32(ids, r);
        table.put(id, c, table.get(id, c) + factor * from.get(r, c));
      }
    });
  }

  @Override
  public void means(Tensor x, Tensor spans, Tensor y) {
    PlainMatrix from = PlainMatrix.of(x);
    PlainMatrix to = PlainMatrix.of(y);
    loops.overRows(to.rows(), i -> {
      int first = int32(spans, 2 * i);
      int end = int32(spans, 2 * i + 1);
      for (long c = 0; c < to.columns(); c++) {
        double sum = 0;
        for (int r = first; r < end; r++) sum += from.get(r, c);
        to.put(i, c, end > first ? (float) (sum / (end - first)) : 0);
      }
    });
  }

  @Override
  public void meansGradient(Tensor dy, Tensor spans, Tensor dx) {
    PlainMatrix from = PlainMatrix.of(dy);
    PlainMatrix to = PlainMatrix.of(dx);
    loops.overColumns(to.columns(), c -> {
      for (long r = 0; r < to.rows(); r++) to.put(r, c, 0);
      for (long i = 0; i < from.rows(); i++) {
        int first = int32(spans, 2 * i);
        int end = int32(spans, 2 * i + 1);
        for (int r = first; r < end; r++) to.put(r, c, from.get(i, c) / (end - first));
      }
    });
  }
}
