package dev.kindling.train.loop;

import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.optim.Optimizer;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A copy, outside the heap, of what a rank saves: its shard's states and its part of the weights. The memory is kept and used again. */
final class Snapshot implements AutoCloseable {
  private static final long ALIGNMENT = 64;
  private Memory memory;
  private long used;

  /** What was copied. @param weights the rank's part of the model's; those of other ranks cannot be read */
  record Copied(List<Optimizer.State> states, WeightSource weights) {}

  /** Replaces the former copy. @param rank whose part of the weights it is */
  Copied of(TrainableModel<?> model, List<Optimizer.State> live, StoredParts parts, int rank) {
    Tensor mine = model.weights().slice(parts.ranges().from(rank), parts.ranges().size(rank));
    long bytes = aligned(mine.bytes());
    for (Optimizer.State s : live) bytes += aligned(s.values().bytes());
    if (memory == null || memory.bytes() < bytes) {
      close();
      memory = Memory.allocate(Math.max(1, bytes));
    }
    used = 0;
    List<Optimizer.State> states = new ArrayList<>();
    for (Optimizer.State s : live) states.add(new Optimizer.State(s.name(), s.from(), copy(s.values())));
    return new Copied(states, new Then(model.weightSource(), copy(mine), parts, rank));
  }

  private Tensor copy(Tensor live) {
    Tensor copied = Tensor.at(memory.address() + used, DType.FLOAT32, live.size());
    Raw.copy(live.address(), copied.address(), live.bytes());
    used += aligned(live.bytes());
    return copied;
  }

  private static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  @Override
  public void close() {
    if (memory != null) memory.close();
    memory = null;
  }

  /** The tensors of a model's files as they were, of one rank's part. */
  private static final class Then implements WeightSource {
    private final WeightSource live;
    private final Map<String, Tensor> copied = new HashMap<>();
    private final Set<String> others = new HashSet<>();

    /** @param mine the rank's range of the flat vector */
    Then(WeightSource live, Tensor mine, StoredParts parts, int rank) {
      this.live = live;
      for (Parameter p : parts.layout().parameters()) {
        if (parts.has(rank, p)) copied.put(p.name(), mine.slice(p.offset() - parts.ranges().from(rank), p.shape()));
        else others.add(p.name());
      }
    }

    @Override
    public List<TensorSpec> tensors() {
      return live.tensors();
    }

    @Override
    public void read(String name, long from, float[] into, int offset, int count) {
      if (others.contains(name)) throw new IllegalArgumentException(name + " is stored by another rank");
      Tensor then = copied.get(name);
      if (then == null) live.read(name, from, into, offset, count);      // not learned: it never changes
      else then.get(from, into, offset, count);
    }
  }
}
