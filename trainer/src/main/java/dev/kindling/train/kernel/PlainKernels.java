package dev.kindling.train.kernel;

import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/**
 * The arithmetic in plain Java, without natives and without the Vector API: slow, exact in its sums (double where it is
 * cheap) and short enough to be read. Every faster implementation is tested against this one.
 */
public final class PlainKernels implements Kernels {
  private final WorkerPool pool;
  private final PlainProduct product;
  private final PlainLoops loops;
  private final Norms norms;
  private final Activations activations;
  private final Lookups lookups;
  private final Routing routing;
  private final LabelLosses labelLosses;
  private final PlainAttention attention;
  private final PlainLoss loss;

  /** @param pool closed with the kernels */
  public PlainKernels(WorkerPool pool) {
    this.pool = pool;
    product = new PlainProduct(pool);
    loops = new PlainLoops(pool);
    norms = new PlainNorms(loops);
    activations = new PlainActivations(loops);
    lookups = new PlainLookups(loops);
    routing = new PlainRouting(loops);
    labelLosses = new LabelLosses(loops);
    attention = new PlainAttention(pool);
    loss = new PlainLoss(pool, product);
  }

  public static PlainKernels of(int threads) {
    return new PlainKernels(new WorkerPool(threads, () -> {}));
  }

  @Override
  public String describe() {
    return "plain Java, " + pool.threads() + (pool.threads() == 1 ? " thread" : " threads");
  }

  @Override
  public WorkerPool pool() {
    return pool;
  }

  @Override
  public boolean fastBfloat16() {
    return false;
  }

  @Override
  public PackedWeight weight(long in, long out, boolean storedTransposed, DType type) {
    return new PlainWeight(in, out, storedTransposed, type);
  }

  @Override
  public void pack(Tensor master, PackedWeight packed) {
    convert(master, ((PlainWeight) packed).values());
  }

  /** Its copy is the master's rounding, which products need: it is held. */
  @Override
  public void packWhenUsed(Tensor master, PackedWeight packed) {
    pack(master, packed);
  }

  @Override
  public void linear(Tensor x, PackedWeight w, Tensor bias, Tensor y) {
    PlainMatrix to = PlainMatrix.of(y);
    PlainMatrix add = bias == null ? null : PlainMatrix.of(bias);
    product.run(PlainMatrix.of(x), ((PlainWeight) w).matrix(),
        (r, c, value) -> to.put(r, c, (float) (add == null ? value : value + add.get(0, c))));
  }

  @Override
  public void linearInputGradient(Tensor dy, PackedWeight w, Tensor dx) {
    PlainMatrix to = PlainMatrix.of(dx);
    product.run(PlainMatrix.of(dy), ((PlainWeight) w).matrix().transposed(),
        (r, c, value) -> to.put(r, c, (float) value));
  }

  @Override
  public void linearWeightGradient(Tensor x, Tensor dy, GradientSum dW) {
    PlainMatrix to = PlainMatrix.of(dW.clear(pool).tensor());
    product.run(PlainMatrix.of(x).transposed(), PlainMatrix.of(dy),
        (r, c, value) -> to.put(r, c, (float) (to.get(r, c) + value)));
  }

  @Override
  public void biasGradient(Tensor dy, Tensor db) {
    PlainMatrix rows = PlainMatrix.of(dy);
    PlainMatrix sum = PlainMatrix.of(db);
    loops.overColumns(rows.columns(), c -> {
      double total = 0;
      for (long r = 0; r < rows.rows(); r++) total += rows.get(r, c);
      sum.put(0, c, (float) (sum.get(0, c) + total));
    });
  }

  @Override
  public void matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor c, float alpha, float beta,
      boolean bfloat16) {
    PlainMatrix left = PlainMatrix.of(a).transposed(transposeA).rounded(bfloat16);
    PlainMatrix right = PlainMatrix.of(b).transposed(transposeB).rounded(bfloat16);
    PlainMatrix to = PlainMatrix.of(c);
    product.run(left, right, (row, column, value) -> {
      double before = beta == 0 ? 0 : beta * (double) to.get(row, column);     // what is there may be no number
      to.put(row, column, (float) (alpha * value + before));
    });
  }

  @Override
  public Norms norms() {
    return norms;
  }

  @Override
  public Activations activations() {
    return activations;
  }

  @Override
  public Lookups lookups() {
    return lookups;
  }

  @Override
  public Routing routing() {
    return routing;
  }

  @Override
  public void convert(Tensor from, Tensor to) {
    PlainMatrix in = PlainMatrix.flat(from);
    PlainMatrix out = PlainMatrix.flat(to);
    loops.overElements(from.size(), i -> out.put(0, i, in.get(0, i)));
  }

  @Override
  public void add(Tensor from, Tensor to) {
    PlainMatrix in = PlainMatrix.flat(from);
    PlainMatrix out = PlainMatrix.flat(to);
    loops.overElements(from.size(), i -> out.put(0, i, out.get(0, i) + in.get(0, i)));
  }

  @Override
  public void scale(Tensor x, float factor, Tensor y) {
    PlainMatrix in = PlainMatrix.flat(x);
    PlainMatrix out = PlainMatrix.flat(y);
    loops.overElements(x.size(), i -> out.put(0, i, factor * in.get(0, i)));
  }

  @Override
  public void dropout(Tensor x, float rate, CounterRandom random, Tensor y) {
    PlainMatrix in = PlainMatrix.flat(x);
    PlainMatrix out = PlainMatrix.flat(y);
    int threshold = KeepMask.threshold(rate);
    float factor = KeepMask.factor(rate);
    loops.overElements(x.size(), i -> {
      boolean keeps = KeepMask.keeps(KeepMask.bits(random, i), (int) (i % Blocks.PIECE), threshold);
      out.put(0, i, keeps ? in.get(0, i) * factor : 0);
    });
  }

  @Override
  public void rotate(Heads x, Tensor positions, Tensor cos, Tensor sin, boolean back) {
    PlainMatrix rows = PlainMatrix.of(x.rows());
    PlainMatrix cosines = PlainMatrix.of(cos);
    PlainMatrix sines = PlainMatrix.of(sin);
    int half = (int) cos.dim(-1);
    loops.overRows(rows.rows(), r -> {
      int position = Raw.getInt(positions.address() + r * Integer.BYTES);
      for (int i = 0; i < x.count() * half; i++) {
        int column = x.column(i / half) + i % half;
        double c = cosines.get(position, i % half);
        double s = (back ? -1 : 1) * sines.get(position, i % half);
        float a = rows.get(r, column);
        float b = rows.get(r, column + half);
        rows.put(r, column, (float) (a * c - b * s));
        rows.put(r, column + half, (float) (b * c + a * s));
      }
    });
  }

  @Override
  public void attention(AttentionInputs inputs, Heads y, Tensor logSumExp) {
    attention.forward(inputs, y, logSumExp);
  }

  @Override
  public void attentionGradient(AttentionInputs inputs, Heads y, Tensor logSumExp, Heads dy,
      AttentionGradients gradients) {
    attention.backward(inputs, logSumExp, dy, gradients);
  }

  @Override
  public void crossEntropy(Tensor x, Logits logits, Tensor targets, Tensor losses, Tensor dx, GradientSum dHead,
      Tensor dBias) {
    loss.crossEntropy(x, logits, targets, losses, dx, dHead, dBias);
  }

  @Override
  public void labelLoss(LabelLoss loss, Tensor logits, Tensor targets, Tensor losses, Tensor dLogits) {
    labelLosses.run(loss, logits, targets, losses, dLogits);
  }

  @Override
  public void sumSquares(Tensor g, double[] squares) {
    pool.run(Math.toIntExact((g.size() + NORM_BLOCK - 1) / NORM_BLOCK), (block, worker) -> {
      long to = Math.min(g.size(), (block + 1L) * NORM_BLOCK);
      double sum = 0;
      for (long i = (long) block * NORM_BLOCK; i < to; i++) {
        double value = Raw.getFloat(g.address() + i * Float.BYTES);
        sum += value * value;
      }
      squares[block] = sum;
    });
  }

  @Override
  public void adamw(Tensor w, Tensor gradient, Tensor m, Tensor v, double gradientScale, double rate, double beta1,
      double beta2, double epsilon, double decay, long step) {
    double correction1 = 1 - Math.pow(beta1, step);
    double root2 = Math.sqrt(1 - Math.pow(beta2, step));
    PlainMatrix ws = PlainMatrix.flat(w);
    PlainMatrix gs = PlainMatrix.flat(gradient);
    PlainMatrix ms = PlainMatrix.flat(m);
    PlainMatrix vs = PlainMatrix.flat(v);
    loops.overElements(w.size(), i -> {
      double g = gradientScale * gs.get(0, i);
      double first = beta1 * ms.get(0, i) + (1 - beta1) * g;
      double second = beta2 * vs.get(0, i) + (1 - beta2) * g * g;
      double decayed = ws.get(0, i) * (1 - rate * decay);
      ms.put(0, i, (float) first);
      vs.put(0, i, (float) second);
      ws.put(0, i, (float) (decayed - rate / correction1 * first / (Math.sqrt(second) / root2 + epsilon)));
    });
  }

  @Override
  public void close() {
    pool.close();
  }
}
