package dev.kindling.train.model;

import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.train.autodiff.Weight;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PackedWeight;
import dev.kindling.train.nn.Initial;
import dev.kindling.train.nn.Orientation;
import dev.kindling.train.nn.Stacked;
import dev.kindling.train.nn.Weights;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;

/**
 * All weights of a model. Layers declare them; then they are laid out in one flat vector ({@link #layOut}), filled, and
 * rounded and packed for the kernels whenever they were written.
 */
final class ModelWeights implements Weights, AutoCloseable {
  private static final int BLOCK = 1 << 16;                // values made or read at once
  private static final long SMALL = 1 << 16;               // elements of a table that is there in a plan

  /** @param fixed the memory of one that is no parameter; else null */
  private record Declared(Weight weight, Initial initial, Memory fixed) {}

  private final Kernels kernels;
  private final Precision precision;
  private final String prefix;
  private final ParameterLayout.Builder builder;
  private final List<Declared> declared;
  private ParameterLayout layout;
  private Memory memory;
  private Tensor flat;
  private boolean pretended;
  private long boundGradients;
  private boolean packedHeld = true;

  ModelWeights(Kernels kernels, Precision precision) {
    this(kernels, precision, "", ParameterLayout.builder(), new ArrayList<>());
  }

  private ModelWeights(Kernels kernels, Precision precision, String prefix, ParameterLayout.Builder builder,
      List<Declared> declared) {
    this.kernels = kernels;
    this.precision = precision;
    this.prefix = prefix;
    this.builder = builder;
    this.declared = declared;
  }

  @Override
  public Weight matrix(String name, Orientation orientation, long in, long out, Stacked stacked, Initial initial) {
    boolean transposed = orientation == Orientation.OUT_IN;
    PackedWeight packed = kernels.weight(in, out, transposed, precision.stored());
    return transposed
        ? declare(name, Parameter.Role.HIDDEN_MATRIX, stacked, packed, initial, out, in)
        : declare(name, Parameter.Role.HIDDEN_MATRIX, stacked, packed, initial, in, out);
  }

  @Override
  public Weight table(String name, long rows, long width, Initial initial) {
    return declare(name, Parameter.Role.EMBEDDING, null, null, initial, rows, width);
  }

  @Override
  public Weight head(String name, long vocabulary, long width, Initial initial) {
    PackedWeight packed = kernels.weight(width, vocabulary, true, precision.stored());
    return declare(name, Parameter.Role.EMBEDDING, null, packed, initial, vocabulary, width);
  }

  @Override
  public Weight vector(String name, long size, Initial initial) {
    return declare(name, Parameter.Role.VECTOR, null, null, initial, size);
  }

  @Override
  public Weights under(String more) {
    return new ModelWeights(kernels, precision, prefix + more + ".", builder, declared);
  }

  private Weight declare(String name, Parameter.Role role, Stacked stacked, PackedWeight packed, Initial initial,
      long... shape) {
    Weight weight = new Weight(prefix + name, packed, shape);
    builder.add(weight.name(), role, stacked, shape);
    declared.add(new Declared(weight, initial, null));
    return weight;
  }

  @Override
  public Weight fixed(String name, long rows, long width, float[] values) {
    Weight weight = new Weight(prefix + name, null, rows, width);
    Memory own = Memory.allocate(rows * width * Float.BYTES);
    Tensor table = Tensor.at(own.address(), DType.FLOAT32, rows, width);
    table.put(0, values, 0, values.length);
    weight.bind(table);
    declared.add(new Declared(weight, new Initial.Constant(0), own));
    return weight;
  }

  private List<Declared> learned() {
    return declared.stream().filter(d -> d.fixed == null).toList();
  }

  /** Gives all that was declared its place; memory is taken when the values come. */
  void layOut() {
    layout = builder.build();
  }

  private void takeMemory() {
    memory = Memory.allocate(layout.size() * Float.BYTES);
    bind(Tensor.at(memory.address(), DType.FLOAT32, layout.size()));
  }

  /**
   * For kernels that read nothing: the weights have shapes and no memory, but for one piece that all small tables share, as an
   * operation may read those without a kernel.
   */
  void pretend() {
    pretended = true;
    memory = Memory.allocate(SMALL * Float.BYTES);
    bind(Tensor.at(0, DType.FLOAT32, layout.size()));
  }

  private void bind(Tensor all) {
    flat = all;
    for (Declared d : learned()) d.weight().bind(part(d, flat));
  }

  /** A weight's part of a vector of all. */
  private Tensor part(Declared d, Tensor all) {
    Parameter parameter = layout.parameter(d.weight().name());
    return pretended && parameter.size() <= SMALL
        ? Tensor.at(memory.address(), DType.FLOAT32, parameter.shape())
        : parameter.in(all);
  }

  /** Each value a pure function of the seed, the weight's name and its place there. */
  void initialise(long seed) {
    takeMemory();
    for (Declared d : learned()) {
      if (d.initial() instanceof Initial.Normal normal) {
        fill(d.weight().value(), CounterRandom.of(seed, d.weight().name()), normal.deviation());
      } else if (d.initial() instanceof Initial.Constant constant) { fill(d.weight().value(), constant.value()); }
    }
    changed();
  }

  private void fill(Tensor values, CounterRandom random, double deviation) {
    int blocks = Math.toIntExact((values.size() + BLOCK - 1) / BLOCK);
    kernels.pool().run(blocks, (block, worker) -> {
      long from = (long) block * BLOCK;                    // even: a pair never straddles two blocks
      float[] part = new float[(int) Math.min(BLOCK, values.size() - from)];
      double[] pair = new double[2];
      for (int i = 0; i < part.length; i++) {
        if (i % 2 == 0) random.normals((from + i) / 2, pair);
        part[i] = (float) (deviation * pair[i % 2]);
      }
      values.put(from, part, 0, part.length);
    });
  }

  private static void fill(Tensor values, float value) {
    float[] part = new float[(int) Math.min(BLOCK, values.size())];
    Arrays.fill(part, value);
    for (long at = 0; at < values.size(); at += BLOCK) {
      values.put(at, part, 0, (int) Math.min(BLOCK, values.size() - at));
    }
  }

  /**
   * Copies every weight.
   *
   * @param source exactly the tensors that were declared, by their names
   */
  void load(WeightSource source) {
    takeMemory();
    for (Declared d : learned()) load(d.weight(), source, d.weight().name());
    changed();
  }

  /**
   * Copies those weights that are there, and leaves the others.
   *
   * @param named from ours to the source's names, null for what is to be left; @throws UserError where a shape is another
   */
  void loadFound(WeightSource source, UnaryOperator<String> named) {
    for (Declared d : learned()) {
      String name = named.apply(d.weight().name());
      TensorSpec found = name == null ? null : source.find(name);
      if (found == null) continue;
      long[] shape = layout.parameter(d.weight().name()).shape();
      if (!Arrays.equals(found.shape(), shape)) {
        throw new UserError(name + " has the shape " + Arrays.toString(found.shape()) + ", the model needs "
            + Arrays.toString(shape));
      }
      load(d.weight(), source, name);
    }
    changed();
  }

  private static void load(Weight weight, WeightSource source, String name) {
    float[] part = new float[BLOCK];
    for (long at = 0; at < weight.value().size(); at += BLOCK) {
      int count = (int) Math.min(BLOCK, weight.value().size() - at);
      source.read(name, at, part, 0, count);
      weight.value().put(at, part, 0, count);
    }
  }

  ParameterLayout layout() {
    return layout;
  }

  Tensor flat() {
    return flat;
  }

  /** Whether what products use is held, or packed by them. */
  void holdPacked(boolean held) {
    if (held == packedHeld) return;
    packedHeld = held;
    changed();
  }

  /** Rounds and packs what products use. */
  void changed() {
    for (Declared d : declared) {
      Weight weight = d.weight();
      if (weight.packed() == null) continue;
      if (packedHeld) kernels.pack(weight.value(), weight.packed());
      else kernels.packWhenUsed(weight.value(), weight.packed());
    }
  }

  /** Matrices between hidden states are what products use, and nothing else does; ids may pick rows of tables and heads. */
  boolean isUsedRounded(Parameter parameter) {
    return precision == Precision.BFLOAT16 && parameter.role() == Parameter.Role.HIDDEN_MATRIX;
  }

  /** Says where the next way back adds gradients to, flat like the weights. */
  void bindGradients(Tensor gradients) {
    if (gradients.address() == boundGradients) return;
    if (gradients.size() != layout.size() || gradients.type() != DType.FLOAT32) {
      throw new IllegalArgumentException("gradients are " + gradients + ", the weights " + flat);
    }
    for (Declared d : learned()) d.weight().bindGradient(part(d, gradients));
    boundGradients = gradients.address();
  }

  /** The same; what these hold does not count, except for the zeros between weights. */
  void beginGradients(Tensor gradients) {
    bindGradients(gradients);
    for (Declared d : learned()) d.weight().beginGradient(kernels.pool());
  }

  /** Zeros where the way back added nothing. */
  void finishGradients() {
    for (Declared d : learned()) d.weight().gradient();
  }

  /** @param used weights whose gradients are not whole yet; @param told from which element on all are, as it grows */
  WholeGradients wholeGradients(Set<Weight> used, LongConsumer told) {
    for (Declared d : learned()) if (!used.contains(d.weight())) d.weight().gradient();
    return new WholeGradients(layout, used, told);
  }

  /** A live view of the float32 weights under their names, as {@link TrainableModel#weights} has them, and of what is fixed. */
  WeightSource source() {
    Map<String, Weight> byName = new LinkedHashMap<>();
    for (Declared d : declared) byName.put(d.weight().name(), d.weight());
    List<TensorSpec> tensors = byName.values().stream().map(w -> TensorSpec.float32(w.name(), w.shape())).toList();
    return new WeightSource() {
      @Override
      public List<TensorSpec> tensors() {
        return tensors;
      }

      @Override
      public void read(String name, long from, float[] into, int offset, int count) {
        byName.get(name).value().get(from, into, offset, count);
      }
    };
  }

  @Override
  public void close() {
    for (Declared d : declared) {
      if (d.weight().packed() != null) d.weight().packed().close();
      if (d.fixed() != null) d.fixed().close();
    }
    if (memory != null) memory.close();
  }
}
