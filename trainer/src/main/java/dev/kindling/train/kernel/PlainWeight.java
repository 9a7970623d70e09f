package dev.kindling.train.kernel;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;

/** A weight in its master's layout, rounded to its type: plain Java has no better one. */
final class PlainWeight implements PackedWeight {
  private final boolean storedTransposed;
  private final Memory memory;
  private final Tensor values;

  PlainWeight(long in, long out, boolean storedTransposed, DType type) {
    this.storedTransposed = storedTransposed;
    memory = Memory.allocate(in * out * type.bytes());
    values = storedTransposed ? Tensor.at(memory.address(), type, out, in) : Tensor.at(memory.address(), type, in, out);
  }

  /** As its master. */
  Tensor values() {
    return values;
  }

  /** [in, out]. */
  PlainMatrix matrix() {
    return PlainMatrix.of(values).transposed(storedTransposed);
  }

  @Override
  public long in() {
    return values.dim(storedTransposed ? 1 : 0);
  }

  @Override
  public long out() {
    return values.dim(storedTransposed ? 0 : 1);
  }

  @Override
  public boolean storedTransposed() {
    return storedTransposed;
  }

  @Override
  public DType type() {
    return values.type();
  }

  @Override
  public void close() {
    memory.close();
  }
}
