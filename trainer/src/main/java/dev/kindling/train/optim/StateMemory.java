package dev.kindling.train.optim;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** One float32 state for every element that a rank owns, zero at the start. */
final class StateMemory implements AutoCloseable {
  private final String name;
  private final List<OwnedRange> owned;
  private final Memory memory;
  private final List<Tensor> tensors = new ArrayList<>();

  StateMemory(String name, List<OwnedRange> owned) {
    this.name = name;
    this.owned = List.copyOf(owned);
    long elements = 0;
    for (OwnedRange range : owned) elements += padded(range.size());
    memory = Memory.allocate(Math.max(1, elements * Float.BYTES));
    long at = memory.address();
    for (OwnedRange range : owned) {
      tensors.add(Tensor.at(at, DType.FLOAT32, range.size()));
      at += padded(range.size()) * Float.BYTES;
    }
  }

  private static long padded(long elements) {
    return (elements + 15) / 16 * 16;            // each starts on a cache line
  }

  List<OwnedRange> owned() {
    return owned;
  }

  /** The state of the i-th owned range, one-dimensional. */
  Tensor tensor(int i) {
    return tensors.get(i);
  }

  List<Optimizer.State> states() {
    List<Optimizer.State> states = new ArrayList<>();
    for (int i = 0; i < owned.size(); i++) {
      OwnedRange range = owned.get(i);
      states.add(new Optimizer.State(name + "/" + range.parameter().name(), range.from(), tensors.get(i)));
    }
    return states;
  }

  @Override
  public void close() {
    memory.close();
  }
}
