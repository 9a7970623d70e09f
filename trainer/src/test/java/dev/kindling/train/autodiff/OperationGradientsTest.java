package dev.kindling.train.autodiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Each operation's way back against central differences of its way forward: the loss is the product of its outputs with
 * fixed random numbers.
 */
class OperationGradientsTest {
  private static final float STEP = 1e-2f;
  private final Kernels kernels = PlainKernels.of(1);
  private final List<AutoCloseable> open = new ArrayList<>();
  private final List<Weight> weights = new ArrayList<>();
  private int streams;

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable c : open) c.close();
    kernels.close();
  }

  @Test
  void multiply() {
    Weight w = matrix(5, 7, false);
    Weight b = vector(7);
    check((tape, in) -> List.of(Multiply.of(in[0], w, b, DType.FLOAT32)), new long[]{3, 5});
    check((tape, in) -> List.of(Multiply.of(in[0], w, null, DType.FLOAT32)), new long[]{1, 5});
  }

  @Test
  void embed() {
    Weight table = table(6, 5);
    Weight positions = table(8, 5);
    check((tape, in) -> List.of(Embed.of(tape, tape.integers(new int[]{3, 0, 3, 5, 5, 3}, 6), table, positions, 2, 3)));
  }

  @Test
  void normalize() {
    Weight scale = vector(5);
    Weight shift = vector(5);
    check((tape, in) -> List.of(Normalize.of(in[0], scale, shift, 1e-5f)), new long[]{3, 5});
    check((tape, in) -> List.of(Normalize.of(in[0], scale, shift, 0.5f)), new long[]{1, 5});
  }

  @Test
  void normalizeOfASumWhoseSumGoesOn() {
    Weight scale = vector(5);
    Weight shift = vector(5);
    check((tape, in) -> {
      Normalize.Sum sum = Normalize.ofSum(in[0], in[1], scale, shift, 1e-5f);
      return List.of(sum.sum(), sum.normalized());
    }, new long[]{3, 5}, new long[]{3, 5});
  }

  @Test
  void gelu() {
    check((tape, in) -> List.of(Gelu.of(in[0])), new long[]{4, 9});
  }

  @Test
  void attend() {
    check((tape, in) -> List.of(Attend.of(in[0], 2, 2, null)), new long[]{2 * 5, 3 * 2 * 3});
    check((tape, in) -> List.of(Attend.of(in[0], 1, 3, tape.integers(new int[]{4, 0, 1}, 3))),
        new long[]{3 * 4, 3 * 2});
  }

  @Test
  void crossEntropy() {
    for (boolean transposed : new boolean[]{true, false}) {
      Weight head = matrix(4, 9, transposed);
      check((tape, in) -> {
        return List.of(new Value(tape, CrossEntropy.of(in[0], head, tape.integers(new int[]{8, -100, 0}, 3))));
      }, new long[]{3, 4});
    }
  }

  @Test
  void aValueThatIsUsedOftenGetsTheSumOfItsGradients() {
    Weight one = matrix(5, 4, false);
    Weight two = matrix(5, 3, false);
    Weight scale = vector(5);
    Weight shift = vector(5);
    check((tape, in) -> {
      Value gelu = Gelu.of(in[0]);
      Value normalized = Normalize.of(in[0], scale, shift, 1e-5f);
      return List.of(Multiply.of(gelu, one, null, DType.FLOAT32), Multiply.of(gelu, two, null, DType.FLOAT32),
          Multiply.of(normalized, one, null, DType.FLOAT32), Multiply.of(in[0], two, null, DType.FLOAT32));
    }, new long[]{3, 5});
  }

  @Test
  void aResidualMadeAfterItsBranchIsNotOverwrittenTooEarly() {
    Weight one = matrix(5, 5, false);
    Weight scale = vector(5);
    Weight shift = vector(5);
    check((tape, in) -> {
      Value branch = Multiply.of(in[0], one, null, DType.FLOAT32);
      Value stream = Multiply.of(in[1], one, null, DType.FLOAT32);
      Value first = Normalize.of(stream, scale, shift, 1e-5f);
      Normalize.Sum sum = Normalize.ofSum(branch, stream, scale, shift, 1e-5f);
      return List.of(sum.normalized(), sum.sum(), first);
    }, new long[]{3, 5}, new long[]{3, 5});
  }

  @Test
  void inBfloat16AValueThatIsUsedOftenIsSummedInFloat32() {
    Weight w = matrix(16, 16, false, DType.BFLOAT16);
    try (Tape tape = new Tape(kernels, Precision.BFLOAT16)) {
      tape.reset(true);
      Value x = leaf(tape, random(2 * 16), DType.BFLOAT16, 2, 16);
      Value once = Multiply.of(x, w, null, DType.BFLOAT16);
      Value twice = Multiply.of(x, w, null, DType.BFLOAT16);
      for (Value y : List.of(once, twice))
        tape.flow(y, DType.BFLOAT16, dy -> kernels.convert(floats(tape, random(32), 2, 16), dy));
      tape.backward();
      assertThat(x.dy().type()).isEqualTo(DType.FLOAT32);
      assertThat(x.dy().toFloats()).doesNotContain(0f);
    }
  }

  @Test
  void aSpentValueCannotBeUsedAgainAndAUsedOneNotBeSpent() {
    Weight scale = vector(5);
    Weight shift = vector(5);
    try (Tape tape = new Tape(kernels, Precision.FLOAT32)) {
      tape.reset(true);
      Value branch = leaf(tape, random(5), DType.FLOAT32, 1, 5);
      Value stream = leaf(tape, random(5), DType.FLOAT32, 1, 5);
      Normalize.ofSum(branch, stream, scale, shift, 1e-5f);
      assertThatThrownBy(() -> Gelu.of(branch)).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> Normalize.ofSum(stream, branch, scale, shift, 1e-5f))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @FunctionalInterface
  private interface Forward {
    List<Value> run(Tape tape, Value... inputs);
  }

  private void check(Forward forward, long[]... shapes) {
    float[][] inputs = new float[shapes.length][];
    for (int i = 0; i < shapes.length; i++) inputs[i] = random((int) Tensor.size(shapes[i]));
    for (Weight w : weights)
      Memory.view(w.gradient().address(), (int) w.gradient().bytes()).put(new byte[(int) w.gradient().bytes()]);
    float[][] back = new float[shapes.length][];
    try (Tape tape = new Tape(kernels, Precision.FLOAT32)) {
      tape.reset(true);
      Value[] leaves = leaves(tape, inputs, shapes);
      List<Value> outputs = forward.run(tape, leaves);
      for (int o = 0; o < outputs.size(); o++) {
        Tensor seed = floats(tape, seeds(o, outputs.get(o)), outputs.get(o).data().shape());
        tape.flow(outputs.get(o), new Gradient(seed));
      }
      tape.backward();
      for (int i = 0; i < shapes.length; i++) back[i] = leaves[i].dy().toFloats();
    }
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
      compare(w.name(), w.gradient().toFloats(), (at, change) -> {
        float[] before = new float[1];
        w.value().get(at, before, 0, 1);
        set(w, at, before[0] + change);
        double loss = loss(forward, inputs, shapes);
        set(w, at, before[0]);
        return loss;
      });
    }
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
      tape.reset(false);
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

  private static Value leaf(Tape tape, float[] values, DType type, long... shape) {
    Value leaf = tape.value(type, shape);
    tape.kernels().convert(floats(tape, values, shape), leaf.data());
    return leaf;
  }

  private static Tensor floats(Tape tape, float[] values, long... shape) {
    Tensor tensor = tape.take(DType.FLOAT32, shape);
    tensor.put(0, values, 0, values.length);
    return tensor;
  }

  private static float[] seeds(int output, Value value) {
    float[] seeds = random("seed " + output, (int) value.data().size());
    if (value.data().shape().length == 1) Arrays.fill(seeds, 1);           // losses: their sum is what gradients are of
    return seeds;
  }

  private float[] random(int count) {
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

  private Weight matrix(long in, long out, boolean storedTransposed) {
    return matrix(in, out, storedTransposed, DType.FLOAT32);
  }

  private Weight matrix(long in, long out, boolean storedTransposed, DType type) {
    var packed = kernels.weight(in, out, storedTransposed, type);
    open.add(packed);
    Weight w = storedTransposed ? new Weight("matrix", packed, out, in) : new Weight("matrix", packed, in, out);
    return filled(w);
  }

  private Weight table(long rows, long width) {
    return filled(new Weight("table " + rows, null, rows, width));
  }

  private Weight vector(long size) {
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
