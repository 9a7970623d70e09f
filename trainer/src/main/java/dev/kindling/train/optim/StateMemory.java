package dev.kindling.train.optim;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** The float32 states of all that a rank owns, zero at the start, in one block: either all of them are there or none is. */
final class StateMemory implements AutoCloseable {
  private static final int ALIGNMENT = 16;       // elements: each state starts on a cache line
  private final List<OwnedRange> owned;
  private final List<List<Tensor>> tensors = new ArrayList<>();
  private final List<Optimizer.State> states = new ArrayList<>();
  private final Memory memory;

  /** @param specs the states of a range */
  StateMemory(Function<OwnedRange, List<StateSpec>> specs, List<OwnedRange> owned) {
    this.owned = List.copyOf(owned);
    memory = Memory.allocate(bytes(specs, owned));
    long at = memory.address();
    for (OwnedRange range : owned) {
      List<Tensor> ofRange = new ArrayList<>();
      for (StateSpec spec : specs.apply(range)) {
        Tensor values = Tensor.at(at, DType.FLOAT32, spec.size());
        ofRange.add(values);
        states.add(new Optimizer.State(spec.name() + "/" + range.parameter().name(), spec.from(), values));
        at += padded(spec.size()) * Float.BYTES;
      }
      tensors.add(ofRange);
    }
  }

  /** What it takes. */
  static long bytes(Function<OwnedRange, List<StateSpec>> specs, List<OwnedRange> owned) {
    long elements = 0;
    for (OwnedRange range : owned) { for (StateSpec spec : specs.apply(range)) elements += padded(spec.size()); }
    return Math.max(1, elements * Float.BYTES);
  }

  private static long padded(long elements) {
    return (elements + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  List<OwnedRange> owned() {
    return owned;
  }

  /** State number {@code state} of the i-th owned range, one-dimensional. */
  Tensor tensor(int i, int state) {
    return tensors.get(i).get(state);
  }

  List<Optimizer.State> states() {
    return states;
  }

  @Override
  public void close() {
    memory.close();
  }
}
