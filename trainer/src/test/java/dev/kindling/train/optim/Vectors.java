package dev.kindling.train.optim;

import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Flat vectors of a layout, for tests; closed together. */
final class Vectors implements AutoCloseable {
  private final ParameterLayout layout;
  private final List<Memory> taken = new ArrayList<>();

  Vectors(ParameterLayout layout) {
    this.layout = layout;
  }

  Tensor zero() {
    Memory memory = Memory.allocate(layout.size() * Float.BYTES);
    taken.add(memory);
    return Tensor.at(memory.address(), DType.FLOAT32, layout.size());
  }

  /** Normal numbers on the parameters, zero in the gaps. */
  Tensor random(long seed) {
    Tensor flat = zero();
    Random random = new Random(seed);
    layout.parameters().forEach(p -> {
      float[] values = new float[Math.toIntExact(p.size())];
      for (int i = 0; i < values.length; i++) values[i] = (float) random.nextGaussian();
      p.in(flat).put(0, values, 0, values.length);
    });
    return flat;
  }

  @Override
  public void close() {
    taken.forEach(Memory::close);
  }
}
