package dev.kindling.train.kernel;

import dev.kindling.train.kernel.OneDnnProducts.Place;
import dev.kindling.train.kernel.OneDnnWeight.Panels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/**
 * The loss of next-token prediction over a large vocabulary. The logits of a block of rows and a panel of the vocabulary exist
 * in float32 in one worker's cache only; what stays for the way back is exp(logit - the panel's largest), stored, of as many
 * rows as {@link #BUDGET} allows.
 *
 * <pre>
 *   logSumExp = m + log Σ exp(logit - m)    loss = logSumExp - logit[target]    dLogit = exp(logit - logSumExp) - [target]
 * </pre>
 *
 * A soft cap's slope 1 - tanh² is multiplied into what is stored.
 */
final class OneDnnCrossEntropy {
  private static final long BUDGET = 128L << 20;         // bytes of the logits' gradients at once
  private static final DType F = DType.FLOAT32;
  private final WorkerPool pool;
  private final OneDnnWorker[] workers;
  private final OneDnnProducts products;
  private final RowOperations operations;
  private final Scratch scratch;
  private float[] largest = new float[0];                // of each row and panel
  private float[] sums = new float[0];                   // of exp(logit - largest), likewise
  private float[] targetLogits = new float[0];

  OneDnnCrossEntropy(WorkerPool pool, OneDnnWorker[] workers, OneDnnProducts products, RowOperations operations,
      Scratch scratch) {
    this.pool = pool;
    this.workers = workers;
    this.products = products;
    this.operations = operations;
    this.scratch = scratch;
  }

  void run(Tensor x, Logits form, Tensor targets, Tensor losses, Tensor dx, GradientSum dHead,
      Tensor dBias) {
    long rows = x.rows();
    OneDnnWeight head = (OneDnnWeight) form.head();
    checkTargets(targets, head.out());
    int stride = stride(head);
    int group = group(rows, head);
    GradientSum sum = dx == null ? null : dHead;
    for (long from = 0; from < rows; from += group) {
      int n = (int) Math.min(group, rows - from);
      boolean counts = new Group(x, form, targets, losses, dx, sum, dBias, from, n, stride).run();
      if (counts && sum != null) sum = GradientSum.of(sum.tensor());
    }
    if (sum != null) sum.clear(pool);            // where no row counts nothing was written
  }

  /** Elements from row to row of the logits' gradients. */
  static int stride(PackedWeight head) {
    return Blocks.stride(head.out(), head.type().bytes());
  }

  /** Rows whose logits' gradients are there at once: as few as in groups of one size make no more groups. */
  static int group(long rows, PackedWeight head) {
    long fit = Math.max(1, BUDGET / ((long) stride(head) * head.type().bytes()) / Blocks.ROWS);
    long blocks = Blocks.count(rows, Blocks.ROWS);
    long groups = Math.max(1, (blocks + fit - 1) / fit);
    return (int) Math.min(rows, (blocks + groups - 1) / groups * Blocks.ROWS);
  }

  private static void checkTargets(Tensor targets, long vocabulary) {
    for (long r = 0; r < targets.size(); r++) {
      int target = Raw.getInt(targets.address() + 4 * r);
      if (target >= vocabulary || target < 0 && target != Kernels.IGNORED) {
        throw new IllegalArgumentException("target " + target + " at " + r + " is not in [0, " + vocabulary + ") nor "
            + Kernels.IGNORED);
      }
    }
  }

  /** Rows that are taken together. */
  private final class Group {
    private final OneDnnWeight head;
    private final long bias;                     // 0: none
    private final float softcap;                 // 0: none
    private final Panels panels;
    private final int rows;
    private final long targets;
    private final long losses;
    private final Place x;
    private final Place dx;                      // null: losses only
    private final GradientSum dHead;                  // null: frozen
    private final Tensor dBias;                  // likewise
    private final Place dLogits;

    Group(Tensor x, Logits form, Tensor targets, Tensor losses, Tensor dx, GradientSum dHead, Tensor dBias,
        long from,
        int rows, int stride) {
      this.head = (OneDnnWeight) form.head();
      this.bias = form.bias() == null ? 0 : form.bias().address();
      this.softcap = form.softcap();
      this.panels = head.forward();
      this.rows = rows;
      this.targets = targets.address() + 4 * from;
      this.losses = losses.address() + 4 * from;
      this.x = from(x, from);
      this.dx = dx == null ? null : from(dx, from);
      this.dHead = dHead;
      this.dBias = dBias;
      long bytes = (long) rows * stride * head.type().bytes();
      dLogits = dx == null ? null : new Place(scratch.at(Scratch.Slot.LOGITS, bytes), head.type(), stride);
    }

    private static Place from(Tensor matrix, long row) {
      Place all = Place.of(matrix);
      return new Place(all.at(row, 0), all.type(), all.stride());
    }

    /** @return whether a row counts */
    boolean run() {
      if (nothingCounts()) return false;
      int blocks = Blocks.count(rows, Blocks.ROWS);
      int cells = rows * panels.count();
      if (largest.length < cells) {
        largest = new float[cells];
        sums = new float[cells];
      }
      if (targetLogits.length < rows) targetLogits = new float[rows];
      if (head.isHeld()) {
        pool.run(blocks * panels.count(), (i, k) -> logits(workers[k].here(), panels, i % blocks, i / blocks));
      } else {
        pool.run(panels.count(), (panel, k) -> {
          Panels here = packed(workers[k].here(), panel);
          for (int block = 0; block < blocks; block++) logits(workers[k], here, block, panel);
        });
      }
      pool.run(Blocks.count(rows, Blocks.FEW_ROWS), (block, k) -> {
        int row = block * Blocks.FEW_ROWS;
        for (int end = row + Blocks.size(rows, Blocks.FEW_ROWS, block); row < end; row++)
          finish(workers[k].rows(), row);
      });
      if (dx != null) gradients();
      return true;
    }

    /** Then gradients keep their bits. */
    private boolean nothingCounts() {
      for (int r = 0; r < rows; r++) if (target(r) >= 0) return false;
      Raw.zero(losses, 4L * rows);
      if (dx != null) Raw.zero(dx.address(), 4L * rows * dx.stride());
      return true;
    }

    private int target(int row) {
      return Raw.getInt(targets + 4L * row);
    }

    /** The panels at such an address that this one of them is in the worker's own memory. */
    private Panels packed(OneDnnWorker worker, int panel) {
      long own = worker.scratch(Scratch.Slot.WEIGHT, panels.bytes() / panels.count());
      Panels here = panels.at(own - panels.address(panel));
      OneDnnProducts.packPanel(worker, head.master(), head.storedTransposed(), here, panel);
      return here;
    }

    private void logits(OneDnnWorker worker, Panels panels, int block, int panel) {
      int first = block * Blocks.ROWS;
      int m = Blocks.size(rows, Blocks.ROWS, block);
      int n = panels.width(panel);
      int column = panel * panels.width();
      Place z = new Place(worker.scratch(Scratch.Slot.PRODUCT, 4L * Blocks.ROWS * panels.width()), F, panels.width());
      OneDnnProducts.multiplyBlock(worker, x, first, m, panels, panel, bias == 0 ? 0 : bias + 4L * column,
          z.inRows(), z.address(), false);
      Rows on = worker.rows();
      for (int r = 0; r < m; r++) {
        int row = first + r;
        int target = target(row);
        if (target < 0) continue;
        float[] logits = on.read(0, F, z.at(r, 0), n);
        float[] slopes = softcap == 0 ? null : on.row(1, n);
        if (softcap != 0) cap(on, logits, slopes, n);
        if (target >= column && target < column + n) targetLogits[row] = logits[target - column];
        float max = on.kernels().max(logits, n);
        largest[row * panels.count() + panel] = max;
        sums[row * panels.count() + panel] = on.kernels().expAndSum(logits, 1, max, n);
        if (dLogits == null) continue;
        if (softcap != 0) on.kernels().multiply(slopes, logits, n);
        on.write(logits, n, dLogits.type(), dLogits.at(row, column));
      }
    }

    /** z = c tanh(z / c), and its slopes 1 - tanh². */
    private void cap(Rows on, float[] z, float[] slopes, int n) {
      RowKernels kernels = on.kernels();
      kernels.scale(z, 1 / softcap, n);
      System.arraycopy(z, 0, slopes, 0, n);
      kernels.activateWithSlope(Activation.TANH, slopes, z, on.row(2, n), n);
      kernels.scale(z, softcap, n);
    }

    /** Joins a row's panels, in order: its loss, and its stored exponentials scaled to the gradient. */
    private void finish(Rows on, int row) {
      int target = target(row);
      if (target < 0) {
        Raw.putFloat(losses + 4L * row, 0);
        if (dLogits != null) Raw.zero(dLogits.at(row, 0), (long) panels.columns() * dLogits.type().bytes());
        return;
      }
      int cell = row * panels.count();
      float max = Float.NEGATIVE_INFINITY;
      for (int p = 0; p < panels.count(); p++) max = Math.max(max, largest[cell + p]);
      double sum = 0;
      for (int p = 0; p < panels.count(); p++) sum += sums[cell + p] * Math.exp(largest[cell + p] - max);
      double logSumExp = max + Math.log(sum);
      Raw.putFloat(losses + 4L * row, (float) (logSumExp - targetLogits[row]));
      if (dLogits == null) return;
      for (int p = 0; p < panels.count(); p++) {
        on.scale(dLogits.type(), dLogits.at(row, (long) p * panels.width()),
            (float) Math.exp(largest[cell + p] - logSumExp), panels.width(p));
      }
      float[] one = on.row(0, 1);
      double tanh = softcap == 0 ? 0 : targetLogits[row] / softcap;
      one[0] = (float) (Math.expm1(targetLogits[row] - logSumExp) * (1 - tanh * tanh));
      on.write(one, 1, dLogits.type(), dLogits.at(row, target));
    }

    private void gradients() {
      products.backward(dLogits, rows, head, dx);
      if (dBias != null) operations.biasGradient(dLogits, rows, dBias);
      if (dHead == null) return;                 // a frozen head
      Place to = Place.of(dHead.tensor());
      int width = panels.rows();
      if (head.storedTransposed()) {
        products.addGradient(dLogits, panels.columns(), x, width, rows, to, dHead.begun());
      } else {
        products.addGradient(x, width, dLogits, panels.columns(), rows, to, dHead.begun());
      }
    }
  }
}
