package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.Arena;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Where a tape's tensors lie until it is emptied, and what of them was given back and may be taken again. */
final class Room implements AutoCloseable {
  private final Arena arena = new Arena();
  private final List<Tensor> free = new ArrayList<>();

  /** Integers, which are there in a plan too. */
  Tensor integers(long... shape) {
    return arena.take(DType.INT32, shape);
  }

  /** Memory for numbers, which may be given back. */
  Tensor borrow(DType type, long... shape) {
    long bytes = Tensor.size(shape) * type.bytes();
    for (int i = free.size() - 1; i >= 0; i--) {
      if (free.get(i).bytes() == bytes) return Tensor.at(free.remove(i).address(), type, shape);
    }
    return arena.take(type, shape);
  }

  void giveBack(Tensor tensor) {
    free.add(tensor);
  }

  void empty() {
    free.clear();
    arena.reset();
  }

  long peakBytes() {
    return arena.peakBytes();
  }

  @Override
  public void close() {
    arena.close();
  }
}
