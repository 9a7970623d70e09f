package dev.kindling.train.autodiff;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An operation's way back against central differences of its way forward: the loss is the product of its outputs with fixed
 * random numbers. Also makes weights, and values to start from.
 */
final class FiniteDifferences implements AutoCloseable {
  private static final float STEP = 1e-2f;
  final Kernels kernels;
  private final List<AutoCloseable> open = new ArrayList<>();
  private final List<Weight> weights = new ArrayList<>();
  private CounterRandom random;                  // null: nothing is dropped out
  private int streams;

  /** @param kernels closed with this */
  FiniteDifferences(Kernels kernels) {
    this.kernels = kernels;
  }

  /** From here on the same elements are dropped out in every pass. */
  void dropOut(CounterRandom random) {
    this.random = random;
  }

  @Override
  public void close() throws Exception {
    for (AutoCloseable c : open) c.close();
    kernels.close();
  }

  @FunctionalInterface
  interface Forward {
    List<Value> run(Tape tape, Value... inputs);
  }

  void check(Forward forward, long[]... shapes) {
    float[][] inputs = inputs(shapes);
    float[][] back = run(forward, inputs, shapes).inputGradients();
    for (int i = 0; i < shapes.length; i++) {
      float[] values = inputs[i];
      compare("input " + i, back[i], (at, change) -> {
        float before = values[at];
        values[at] = before + change;
        double loss = loss(forward, inputs, shapes);
        values[at] = before;
        return loss;
      });
    }
    for (Weight w : weights) {
      compare(w.name() + " " + weights.indexOf(w), w.gradient().toFloats(), (at, change) -> {
        float[] before = new float[1];
        w.value().get(at, before, 0, 1);
        set(w, at, before[0] + change);
        double loss = loss(forward, inputs, shapes);
        set(w, at, before[0]);
        return loss;
      });
    }
  }

  float[][] inputs(long[]... shapes) {
    float[][] inputs = new float[shapes.length][];
    for (int i = 0; i < shapes.length; i++) inputs[i] = random((int) Tensor.size(shapes[i]));
    return inputs;
  }

  /**  seeds the loss is the sum of outputs times these */
  record Run(List<float[]> outputs, List<float[]> seeds, float[][] inputGradients) {}

  /** Forward and back once; gradients of the weights are set. */
  Run run(Forward forward, float[][] inputs, long[]... shapes) {
    for (Weight w : weights)
      Memory.view(w.gradient().address(), (int) w.gradient().bytes()).put(new byte[(int) w.gradient().bytes()]);
    Run run = new Run(new ArrayList<>(), new ArrayList<>(), new float[shapes.length][]);
    try (Tape tape = new Tape(kernels, Precision.FLOAT32)) {
      tape.reset(true, random);
      Value[] leaves = leaves(tape, inputs, shapes);
      List<Value> outputs = forward.run(tape, leaves);
      for (int o = 0; o < outputs.size(); o++) {
        run.outputs.add(outputs.get(o).data().toFloats());
        run.seeds.add(seeds(o, outputs.get(o)));
        tape.flow(outputs.get(o), floats(tape, run.seeds.get(o), outputs.get(o).data().shape()));
      }
      tape.backward();
      for (int i = 0; i < shapes.length; i++) run.inputGradients[i] = leaves[i].dy().toFloats();
    }
    return run;
  }

  private void set(Weight w, int at, float value) {
    w.value().put(at, new float[]{value}, 0, 1);
    if (w.packed() != null) kernels.pack(w.value(), w.packed());
  }

  @FunctionalInterface
  private interface LossAt {
    double of(int at, float change);
  }

  private static void compare(String what, float[] found, LossAt loss) {
    float[] expected = new float[found.length];
    double largest = 0.1;
    for (int i = 0; i < found.length; i++) {
      expected[i] = (float) ((loss.of(i, STEP) - loss.of(i, -STEP)) / (2 * STEP));
      largest = Math.max(largest, Math.abs(expected[i]));
    }
    for (int i = 0; i < found.length; i++) {
      assertThat((double) found[i]).as("gradient of %s at %d", what, i).isBetween(expected[i] - 2e-3 * largest,
          expected[i] + 2e-3 * largest);
    }
  }

  private double loss(Forward forward, float[][] inputs, long[][] shapes) {
    double loss = 0;
    try (Tape tape = new Tape(kernels, Precision.FLOAT32)) {
      tape.reset(false, random);
      Value[] leaves = leaves(tape, inputs, shapes);
      List<Value> outputs = forward.run(tape, leaves);
      for (int o = 0; o < outputs.size(); o++) {
        float[] y = outputs.get(o).data().toFloats();
        float[] seeds = seeds(o, outputs.get(o));
        for (int i = 0; i < y.length; i++) loss += (double) y[i] * seeds[i];
      }
    }
    return loss;
  }

  private static Value[] leaves(Tape tape, float[][] inputs, long[][] shapes) {
    Value[] leaves = new Value[shapes.length];
    for (int i = 0; i < shapes.length; i++) leaves[i] = leaf(tape, inputs[i], DType.FLOAT32, shapes[i]);
    return leaves;
  }

  static Value leaf(Tape tape, float[] values, DType type, long... shape) {
    Value leaf = tape.value(type, shape);
    tape.kernels().convert(floats(tape, values, shape), leaf.data());
    return leaf;
  }

  static Tensor floats(Tape tape, float[] values, long... shape) {
    Tensor tensor = tape.take(DType.FLOAT32, shape);
    tensor.put(0, values, 0, values.length);
    return tensor;
  }

  private static float[] seeds(int output, Value value) {
    float[] seeds = random("seed " + output, (int) value.data().size());
    if (value.data().shape().length == 1) Arrays.fill(seeds, 1);           // losses: their sum is what gradients are of
    return seeds;
  }

  float[] random(int count) {
    return random("values " + streams++, count);
  }

  private static float[] random(String stream, int count) {
    CounterRandom random = CounterRandom.of(1, stream);
    double[] pair = new double[2];
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      random.normals(i, pair);
      values[i] = (float) pair[0];
    }
    return values;
  }

  Weight matrix(long in, long out, boolean storedTransposed) {
    return matrix(in, out, storedTransposed, DType.FLOAT32);
  }

  Weight matrix(long in, long out, boolean storedTransposed, DType type) {
    var packed = kernels.weight(in, out, storedTransposed, type);
    open.add(packed);
    Weight w = storedTransposed ? new Weight("matrix", packed, out, in) : new Weight("matrix", packed, in, out);
    return filled(w);
  }

  Weight table(long rows, long width) {
    return filled(new Weight("table " + rows, null, rows, width));
  }

  Weight vector(long size) {
    return filled(new Weight("vector", null, size));
  }

  private Weight filled(Weight w) {
    int size = (int) Tensor.size(w.shape());
    Memory memory = Memory.allocate(2L * size * Float.BYTES);
    open.add(memory);
    w.bind(Tensor.at(memory.address(), DType.FLOAT32, w.shape()));
    w.bindGradient(Tensor.at(memory.address() + 4L * size, DType.FLOAT32, w.shape()));
    w.value().put(0, random(size), 0, size);
    if (w.packed() != null) kernels.pack(w.value(), w.packed());
    weights.add(w);
    return w;
  }
}
