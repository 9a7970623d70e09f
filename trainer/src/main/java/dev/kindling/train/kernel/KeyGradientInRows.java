package dev.kindling.train.kernel;

import dev.kindling.train.kernel.OneDnnProducts.Place;
import dev.kindling.train.kernel.Primitive.Product;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;

/** The tile lies in rows, and every product transposes it. */
final class KeyGradientInRows implements KeyGradient {
  private final OneDnnWorker worker;
  private final int size;
  private final int keyTime;
  private final Place tile;
  private final Place sum;                       // [keyTime, headDim]
  private int m;
  private int n;

  KeyGradientInRows(OneDnnWorker worker, AttentionInputs in, Scratch.Slot sum, Place tile) {
    this.worker = worker;
    this.tile = tile;
    size = in.headDim();
    keyTime = in.keyTime();
    long bytes = 4L * keyTime * size;
    this.sum = new Place(worker.scratch(sum, bytes), DType.FLOAT32, size);
    Raw.zero(this.sum.address(), bytes);
  }

  @Override
  public void begin(int m, int n) {
    this.m = m;
    this.n = n;
  }

  @Override
  public void put(float[] row, int r, int from, int to) {
    OneDnnAttention.writeRow(worker.rows(), row, tile, r, from, to, n);
  }

  @Override
  public void add(Place b, int key) {
    worker.run(new Product(n, size, m, tile.inColumns(), b.inRows(), sum.inRows(), false, true), tile.address(),
        b.address(), sum.at(key, 0));
  }

  @Override
  public void write(Place to) {
    OneDnnAttentionGradient.write(worker.rows(), sum, keyTime, size, to);
  }
}
