package dev.kindling.train.kernel;

import dev.kindling.train.kernel.OneDnnProducts.Place;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.Arrays;

/**
 * {@link Kernels} on oneDNN's matrix products and {@link RowKernels}. What a call does in blocks is in
 * {@link OneDnnProducts}, {@link OneDnnAttention}, {@link OneDnnCrossEntropy} and {@link RowOperations}.
 */
final class OneDnnKernels implements Kernels {
  private static final int MOST_PRIMITIVES = 2048;       // a thread keeps: batches of many lengths need a few each
  private final WorkerPool pool;
  private final RowKernels rowKernels;
  private final OneDnnWorker[] workers;
  private final Scratch scratch = new Scratch();
  private final OneDnnProducts products;
  private final OneDnnAttention attention;
  private final OneDnnCrossEntropy crossEntropy;
  private final RowOperations rows;
  private final Norms norms;
  private final Activations activations;
  private final Lookups lookups;
  private final Routing routing;
  private final LabelLosses labelLosses;

  OneDnnKernels(int threads, RowKernels rowKernels) {
    this.rowKernels = rowKernels;
    pool = new WorkerPool(threads, OneDnn::useOneThread);
    workers = new OneDnnWorker[threads];
    Arrays.setAll(workers, i -> new OneDnnWorker(rowKernels, MOST_PRIMITIVES));
    products = new OneDnnProducts(pool, workers, scratch);
    attention = new OneDnnAttention(pool, workers, scratch);
    RowWork work = new RowWork(pool, Arrays.stream(workers).map(OneDnnWorker::rows).toArray(Rows[]::new));
    rows = new RowOperations(work);
    norms = new RowNorms(work);
    activations = new RowActivations(work);
    lookups = new RowLookups(work);
    routing = new RowRouting(work);
    crossEntropy = new OneDnnCrossEntropy(pool, workers, products, rows, scratch);
    labelLosses = new LabelLosses(new PlainLoops(pool));
  }

  @Override
  public String describe() {
    int threads = pool.threads();
    return OneDnn.describe() + ", " + rowKernels.describe() + ", " + threads + (threads == 1 ? " thread" : " threads");
  }

  @Override
  public WorkerPool pool() {
    return pool;
  }

  @Override
  public boolean fastBfloat16() {
    return OneDnn.hasFastBfloat16();
  }

  @Override
  public PackedWeight weight(long in, long out, boolean storedTransposed, DType type) {
    return new OneDnnWeight(Math.toIntExact(in), Math.toIntExact(out), storedTransposed, type);
  }

  @Override
  public void pack(Tensor master, PackedWeight packed) {
    products.pack(master, own(packed));
  }

  @Override
  public void packWhenUsed(Tensor master, PackedWeight packed) {
    own(packed).holdNothing(Place.of(master));
  }

  private static OneDnnWeight own(PackedWeight weight) {
    return (OneDnnWeight) weight;
  }

  @Override
  public void linear(Tensor x, PackedWeight w, Tensor bias, Tensor y) {
    require(x, w.in(), y, w.out(), w);
    products.forward(Place.of(x), x.rows(), own(w), bias == null ? 0 : bias.address(), Place.of(y));
  }

  @Override
  public void linearInputGradient(Tensor dy, PackedWeight w, Tensor dx) {
    require(dy, w.out(), dx, w.in(), w);
    if (dx.type() == DType.FLOAT32 || own(w).parts() == 1) {
      products.backward(Place.of(dy), dy.rows(), own(w), Place.of(dx));
    } else {
      Tensor wide = Tensor.at(scratch.at(Scratch.Slot.WIDE, 4 * dx.size()), DType.FLOAT32, dx.shape());
      products.backward(Place.of(dy), dy.rows(), own(w), Place.of(wide));
      rows.convert(wide, dx);
    }
  }

  /** Wrong shapes would read and write foreign memory. */
  private static void require(Tensor from, long columns, Tensor to, long toColumns, PackedWeight w) {
    requireType(from, w);
    if (from.dim(-1) != columns || to.dim(-1) != toColumns || from.rows() != to.rows()) {
      throw new IllegalArgumentException(
          from + " to " + to + " by a weight [" + w.in() + ", " + w.out() + "] does not fit");
    }
  }

  private static void requireType(Tensor x, PackedWeight w) {
    if (x.type() != w.type()) throw new IllegalArgumentException(x + " meets a weight of " + w.type());
  }

  @Override
  public void linearWeightGradient(Tensor x, Tensor dy, GradientSum dW) {
    if (x.rows() != dy.rows() || dW.tensor().size() != x.dim(-1) * dy.dim(-1) || x.type() != dy.type()) {
      throw new IllegalArgumentException(x + " and " + dy + " have no product " + dW.tensor());
    }
    products.addGradient(Place.of(x), Math.toIntExact(x.dim(-1)), Place.of(dy), Math.toIntExact(dy.dim(-1)), x.rows(),
        Place.of(dW.tensor()), dW.begun());
  }

  @Override
  public void biasGradient(Tensor dy, Tensor db) {
    if (db.size() != dy.dim(-1)) throw new IllegalArgumentException(db + " is no sum of the rows of " + dy);
    rows.biasGradient(Place.of(dy), dy.rows(), db);
  }

  @Override
  public void matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor c, float alpha, float beta,
      boolean bfloat16) {
    products.matmul(a, transposeA, b, transposeB, c, alpha, beta, bfloat16);
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
    rows.convert(from, to);
  }

  @Override
  public void add(Tensor from, Tensor to) {
    rows.add(from, to);
  }

  @Override
  public void scale(Tensor x, float factor, Tensor y) {
    rows.scale(x, factor, y);
  }

  @Override
  public void dropout(Tensor x, float rate, CounterRandom random, Tensor y) {
    rows.dropout(x, rate, random, y);
  }

  @Override
  public void rotate(Heads x, Tensor positions, Tensor cos, Tensor sin, boolean back) {
    rows.rotate(x, positions, cos, sin, back);
  }

  @Override
  public void attention(AttentionInputs inputs, Heads y, Tensor logSumExp) {
    attention.forward(inputs, y, logSumExp);
  }

  @Override
  public void attentionGradient(AttentionInputs inputs, Heads y, Tensor logSumExp, Heads dy,
      AttentionGradients gradients) {
    attention.backward(inputs, y, logSumExp, dy, gradients);
  }

  @Override
  public void crossEntropy(Tensor x, Logits logits, Tensor targets, Tensor losses, Tensor dx, GradientSum dHead,
      Tensor dBias) {
    requireType(x, logits.head());
    crossEntropy.run(x, logits, targets, losses, dx, dHead, dBias);
  }

  @Override
  public void labelLoss(LabelLoss loss, Tensor logits, Tensor targets, Tensor losses, Tensor dLogits) {
    labelLosses.run(loss, logits, targets, losses, dLogits);
  }

  @Override
  public void sumSquares(Tensor g, double[] squares) {
    rows.sumSquares(g, squares);
  }

  @Override
  public void adamw(Tensor w, Tensor gradient, Tensor m, Tensor v, double gradientScale, double rate, double beta1,
      double beta2, double epsilon, double decay, long step) {
    rows.adamw(w, gradient, m, v, RowKernels.AdamWStep.of(gradientScale, rate, beta1, beta2, epsilon, decay, step));
  }

  @Override
  public void close() {
    pool.close();
    for (OneDnnWorker worker : workers) worker.close();
    scratch.close();
  }
}
