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
import java.util.List;
import java.util.Map;

/** A copy, outside the heap, of what a rank saves: its shard's states, and on rank 0 the weights. The memory is kept and used again. */
final class Snapshot implements AutoCloseable {
  private static final long ALIGNMENT = 64;
  private Memory memory;
  private long used;

  /** What was copied. @param weights those of the model then; null where they were not asked for */
  record Copied(List<Optimizer.State> states, WeightSource weights) {}

  /** Replaces the former copy. */
  Copied of(TrainableModel<?> model, List<Optimizer.State> live, boolean withWeights) {
    long bytes = withWeights ? aligned(model.weights().bytes()) : 0;
    for (Optimizer.State s : live) bytes += aligned(s.values().bytes());
    if (memory == null || memory.bytes() < bytes) {
      close();
      memory = Memory.allocate(Math.max(1, bytes));
    }
    used = 0;
    List<Optimizer.State> states = new ArrayList<>();
    for (Optimizer.State s : live) states.add(new Optimizer.State(s.name(), s.from(), copy(s.values())));
    return new Copied(states, withWeights ? new Then(model, copy(model.weights())) : null);
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

  /** The tensors of a model's files as they were. */
  private static final class Then implements WeightSource {
    private final WeightSource live;
    private final Map<String, Tensor> copied = new HashMap<>();

    Then(TrainableModel<?> model, Tensor flat) {
      live = model.weightSource();
      for (Parameter p : model.layout().parameters()) copied.put(p.name(), p.in(flat));
    }

    @Override
    public List<TensorSpec> tensors() {
      return live.tensors();
    }

    @Override
    public void read(String name, long from, float[] into, int offset, int count) {
      Tensor then = copied.get(name);
      if (then == null) live.read(name, from, into, offset, count);      // not learned: it never changes
      else then.get(from, into, offset, count);
    }
  }
}
