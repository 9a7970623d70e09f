package dev.kindling.train.kernel;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/**
 * The arithmetic in plain Java, without natives and without the Vector API: slow, exact in its sums (double where it is
 * cheap) and short enough to be read. Every faster implementation is tested against this one.
 */
public final class PlainKernels implements Kernels {
  private static final int ELEMENTS = 4096;                // of a block of an elementwise loop
  private final WorkerPool pool;
  private final PlainProduct product;
  private final PlainRows rows;
  private final PlainAttention attention;
  private final PlainLoss loss;

  /** @param pool closed with the kernels */
  public PlainKernels(WorkerPool pool) {
    this.pool = pool;
    product = new PlainProduct(pool);
    rows = new PlainRows(pool);
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
  public void linearWeightGradient(Tensor x, Tensor dy, Tensor dW) {
    PlainMatrix to = PlainMatrix.of(dW);
    product.run(PlainMatrix.of(x).transposed(), PlainMatrix.of(dy),
        (r, c, value) -> to.put(r, c, (float) (to.get(r, c) + value)));
  }

  @Override
  public void biasGradient(Tensor dy, Tensor db) {
    rows.biasGradient(dy, db);
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
  public void embed(Tensor ids, Tensor table, Tensor positions, long time, Tensor x) {
    rows.embed(ids, table, positions, time, x);
  }

  @Override
  public void embedGradient(Tensor ids, Tensor dx, long time, Tensor dTable, Tensor dPositions) {
    rows.embedGradient(ids, dx, time, dTable, dPositions);
  }

  @Override
  public void layerNorm(Tensor x, Tensor residual, Tensor sum, Tensor scale, Tensor shift, float epsilon, Tensor y,
      Tensor stats) {
    rows.layerNorm(x, residual, sum, scale, shift, epsilon, y, stats);
  }

  @Override
  public void layerNormGradient(Tensor dy, Tensor sum, Tensor scale, Tensor stats, Tensor dResidual, Tensor dx,
      Tensor dScale, Tensor dShift) {
    rows.layerNormGradient(dy, sum, scale, stats, dResidual, dx, dScale, dShift);
  }

  private static final double GELU_ROOT = Math.sqrt(2 / Math.PI);
  private static final double GELU_CUBE = 0.044715;

  @Override
  public void gelu(Tensor x, Tensor y) {
    PlainMatrix from = flat(x);
    PlainMatrix to = flat(y);
    overElements(x.size(), i -> {
      double v = from.get(0, i);
      double tanh = Math.tanh(GELU_ROOT * (v + GELU_CUBE * v * v * v));
      to.put(0, i, (float) (v / 2 * (1 + tanh)));
    });
  }

  @Override
  public void geluGradient(Tensor x, Tensor dy, Tensor dx) {
    PlainMatrix from = flat(x);
    PlainMatrix back = flat(dy);
    PlainMatrix to = flat(dx);
    overElements(x.size(), i -> {
      double v = from.get(0, i);
      double tanh = Math.tanh(GELU_ROOT * (v + GELU_CUBE * v * v * v));
      double inner = GELU_ROOT * (1 + 3 * GELU_CUBE * v * v);
      to.put(0, i, (float) (back.get(0, i) * ((1 + tanh) / 2 + v / 2 * (1 - tanh * tanh) * inner)));
    });
  }

  @Override
  public void convert(Tensor from, Tensor to) {
    PlainMatrix in = flat(from);
    PlainMatrix out = flat(to);
    overElements(from.size(), i -> out.put(0, i, in.get(0, i)));
  }

  @Override
  public void add(Tensor from, Tensor to) {
    PlainMatrix in = flat(from);
    PlainMatrix out = flat(to);
    overElements(from.size(), i -> out.put(0, i, out.get(0, i) + in.get(0, i)));
  }

  @Override
  public void attention(Tensor qkv, int heads, Tensor lengths, Tensor y, Tensor logSumExp) {
    attention.forward(qkv, heads, lengths, y, logSumExp);
  }

  @Override
  public void attentionGradient(Tensor qkv, int heads, Tensor lengths, Tensor y, Tensor logSumExp, Tensor dy,
      Tensor dqkv) {
    attention.backward(qkv, heads, lengths, y, logSumExp, dy, dqkv);
  }

  @Override
  public void attendOne(Tensor q, Tensor keys, Tensor values, long length, int heads, Tensor y) {
    attention.one(q, keys, values, length, heads, y);
  }

  @Override
  public void crossEntropy(Tensor x, PackedWeight head, Tensor targets, Tensor losses, Tensor dx, Tensor dHead) {
    loss.crossEntropy(x, (PlainWeight) head, targets, losses, dx, dHead);
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
    PlainMatrix ws = flat(w);
    PlainMatrix gs = flat(gradient);
    PlainMatrix ms = flat(m);
    PlainMatrix vs = flat(v);
    overElements(w.size(), i -> {
      double g = gradientScale * gs.get(0, i);
      double first = beta1 * ms.get(0, i) + (1 - beta1) * g;
      double second = beta2 * vs.get(0, i) + (1 - beta2) * g * g;
      double decayed = ws.get(0, i) * (1 - rate * decay);
      ms.put(0, i, (float) first);
      vs.put(0, i, (float) second);
      ws.put(0, i, (float) (decayed - rate / correction1 * first / (Math.sqrt(second) / root2 + epsilon)));
    });
  }

  @FunctionalInterface
  private interface ElementBody {
    void run(long index);
  }

  private void overElements(long size, ElementBody body) {
    pool.run(Math.toIntExact((size + ELEMENTS - 1) / ELEMENTS), (block, worker) -> {
      long to = Math.min(size, (block + 1L) * ELEMENTS);
      for (long i = (long) block * ELEMENTS; i < to; i++) body.run(i);
    });
  }

  private static PlainMatrix flat(Tensor t) {
    return PlainMatrix.of(t.reshape(1, t.size()));
  }

  @Override
  public void close() {
    pool.close();
  }
}
