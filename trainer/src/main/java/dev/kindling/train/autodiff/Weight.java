package dev.kindling.train.autodiff;

import dev.kindling.train.kernel.GradientSum;
import dev.kindling.train.kernel.PackedWeight;
import dev.kindling.train.kernel.WorkerPool;
import dev.kindling.train.tensor.Tensor;

/**
 * A weight as operations see it: the float32 master, where its gradient is added to, and for one that is multiplied
 * with, the packed form. The model that owns it lays it over its flat vectors ({@link #bind}, {@link #bindGradient}).
 */
public final class Weight {
  private final String name;
  private final long[] shape;
  private final PackedWeight packed;
  private Tensor value;
  private GradientSum gradient;                  // null: frozen
  private WorkerPool clearing;                   // its threads write zeros where a gradient needs them

  /**
   * @param name in full, such as {@code transformer.h.0.attn.c_attn.weight}; @param packed null: is not multiplied with
   */
  public Weight(String name, PackedWeight packed, long... shape) {
    this.name = name;
    this.packed = packed;
    this.shape = shape.clone();
  }

  public String name() {
    return name;
  }

  /** As the model's files have it. */
  public long[] shape() {
    return shape.clone();
  }

  /** The float32 master. */
  public Tensor value() {
    return value;
  }

  /** What products use, refreshed from the master by its owner; null where there are none. */
  public PackedWeight packed() {
    return packed;
  }

  /** What the way back adds to: zeros where nothing was added yet; null: frozen, no gradient is computed. */
  public Tensor gradient() {
    if (gradient == null) return null;
    gradient = gradient.clear(clearing);
    return gradient.tensor();
  }

  boolean learns() {
    return gradient != null;
  }

  /** The same for a product, which writes where nothing was added yet; what comes after it adds. */
  GradientSum nextGradient() {
    GradientSum next = gradient;
    if (gradient != null) gradient = GradientSum.of(gradient.tensor());
    return next;
  }

  /** What is in the gradient's memory does not count: the first who has some writes it over. @param pool for zeros before sums */
  public void beginGradient(WorkerPool pool) {
    clearing = pool;
    if (gradient != null) gradient = new GradientSum(gradient.tensor(), false);
  }

  public void bind(Tensor value) {
    this.value = value;
  }

  public void bindGradient(Tensor gradient) {
    this.gradient = gradient == null ? null : GradientSum.of(gradient);
  }

  @Override
  public String toString() {
    return name;
  }
}
