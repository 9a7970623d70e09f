package dev.kindling.train.autodiff;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Arena;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * The operations of one micro-batch in the order in which they ran, and the memory of all that they gave.
 * {@link #backward} walks them from the last to the first (reverse-mode differentiation; Griewank and Walther 2008,
 * section 3.2).
 *
 * <p>Everything lies in one arena that {@link #reset} takes back. Gradients of activations are reused as soon as the
 * operation that made the value has read them: a deep model needs no more of them than a shallow one.
 */
public final class Tape implements AutoCloseable {
  private final Kernels kernels;
  private final Precision precision;
  private final Arena arena = new Arena();
  private final List<Operation> operations = new ArrayList<>();
  private final List<Tensor> free = new ArrayList<>();
  private boolean recording;
  private CounterRandom random;
  private long drawn;

  public Tape(Kernels kernels, Precision precision) {
    this.kernels = kernels;
    this.precision = precision;
  }

  /** Forgets all values and takes their memory back; nothing is dropped out. @param recording whether {@link #backward} follows */
  public void reset(boolean recording) {
    reset(recording, null);
  }

  /** @param random of this micro-batch, for {@link Dropout}; null: nothing is dropped out */
  public void reset(boolean recording, CounterRandom random) {
    this.random = random;
    drawn = 0;
    operations.clear();
    free.clear();
    arena.reset();
    this.recording = recording;
  }

  public Kernels kernels() {
    return kernels;
  }

  /** The type of matrix inputs and stored activations. */
  public DType stored() {
    return precision.stored();
  }

  public boolean isRecording() {
    return recording;
  }

  /** The most bytes that its values have taken so far. */
  public long peakBytes() {
    return arena.peakBytes();
  }

  /** Copies token ids, lengths or targets in, as an int32 tensor of the shape. */
  public Tensor integers(int[] values, long... shape) {
    Tensor tensor = arena.take(DType.INT32, shape);
    tensor.buffer(0, values.length).asIntBuffer().put(values);
    return tensor;
  }

  /** Positions first, first + 1, .. of each of several sequences, int32 [sequences · time]. */
  public Tensor positions(long sequences, long first, long time) {
    Tensor tensor = arena.take(DType.INT32, sequences * time);
    for (long r = 0; r < tensor.size(); r++) Raw.putInt(tensor.address() + r * Integer.BYTES, (int) (first + r % time));
    return tensor;
  }

  /** Random numbers of the next operation that needs some, the same in every run of this micro-batch; null: none. */
  CounterRandom nextRandom() {
    return random == null ? null : random.child(drawn++);
  }

  /** Memory until the next reset, for what is no value of the model's. */
  public Tensor take(DType type, long... shape) {
    return arena.take(type, shape);
  }

  /** A value that is given, not learned: no gradient flows back to it. Its memory must last until the next reset. */
  public Value constant(Tensor data) {
    return new Value(this, data, true);
  }

  Value value(DType type, long... shape) {
    return new Value(this, arena.take(type, shape));
  }

  void record(Operation operation) {
    if (recording) operations.add(operation);
  }

  /** From the last operation to the first: gradients of weights are added to {@link Weight#gradient}. */
  public void backward() {
    for (int i = operations.size() - 1; i >= 0; i--) operations.get(i).backward(this);
  }

  /** Hands a gradient back to an input: {@code write} fills a tensor of that type and of the input's shape. */
  void flow(Value to, DType type, Consumer<Tensor> write) {
    if (to.isConstant()) return;
    Tensor dx = borrow(type, to.data().shape());
    write.accept(dx);
    flow(to, new Gradient(dx));
  }

  /** Hands a gradient back to an input; where several come they are added, in float32. */
  void flow(Value to, Gradient more) {
    if (to.isConstant()) {
      drop(more);
      return;
    }
    Gradient wide = to.isUsedOften() ? widened(more) : more;
    if (to.gradient == null) {
      to.gradient = wide;
    } else {
      to.gradient = own(to.gradient);
      kernels.add(wide.tensor, to.gradient.tensor);
      drop(wide);
    }
  }

  /**
   * Hands an input a gradient to which {@code write} itself adds what has reached the input so far.
   *
   * @param write given what is there (null: nothing) and what to write; the two may be the same memory, and what is there is float32
   */
  void flowOver(Value to, BiConsumer<Tensor, Tensor> write) {
    Gradient passing = to.gradient;
    if (passing != null && !passing.isShared()) {
      write.accept(passing.tensor, passing.tensor);
    } else {
      Tensor dx = borrow(gradientType(to), to.data().shape());
      write.accept(passing == null ? null : passing.tensor, dx);
      if (passing != null) drop(passing);
      to.gradient = new Gradient(dx);
      if (to.isConstant()) done(to);
    }
  }

  /** Hands an input the output's gradient, changed by {@code write} in place where nobody else holds it. */
  void flowThrough(Value from, Value to, BiConsumer<Tensor, Tensor> write) {
    Gradient dy = from.gradient;
    from.gradient = null;
    Gradient dx = dy.isShared() ? new Gradient(borrow(dy.tensor.type(), dy.tensor.shape())) : dy;
    write.accept(dy.tensor, dx.tensor);
    if (dx != dy) drop(dy);
    flow(to, dx);
  }

  /** Hands an input the output's gradient, changed by {@code write} in place. */
  void flowInPlace(Value from, Value to, Consumer<Tensor> write) {
    Gradient d = own(from.gradient);
    from.gradient = null;
    write.accept(d.tensor);
    flow(to, d);
  }

  /** Hands an input a gradient by adding to what is there, float32: {@code add} is given zeros where nothing is. */
  void flowAdded(Value to, Consumer<Tensor> add) {
    if (to.isConstant()) return;
    if (to.gradient == null) {
      Tensor zeros = borrow(DType.FLOAT32, to.data().shape());
      Raw.zero(zeros.address(), zeros.bytes());
      to.gradient = new Gradient(zeros);
    }
    to.gradient = own(to.gradient);
    add.accept(to.gradient.tensor);
  }

  /** What the gradient of a value is best made in: float32 where several are added, else the value's own type. */
  static DType gradientType(Value value) {
    return value.isUsedOften() ? DType.FLOAT32 : value.type();
  }

  /** The gradient itself where nobody else holds it, else a copy to write to. */
  private Gradient own(Gradient gradient) {
    if (!gradient.isShared()) return gradient;
    Tensor copy = borrow(gradient.tensor.type(), gradient.tensor.shape());
    Raw.copy(gradient.tensor.address(), copy.address(), copy.bytes());
    drop(gradient);
    return new Gradient(copy);
  }

  private Gradient widened(Gradient gradient) {
    if (gradient.tensor.type() == DType.FLOAT32) return gradient;
    Tensor wide = borrow(DType.FLOAT32, gradient.tensor.shape());
    kernels.convert(gradient.tensor, wide);
    drop(gradient);
    return new Gradient(wide);
  }

  /** The gradient of a value has been read: its memory is free for another, unless some value still holds it. */
  void done(Value value) {
    drop(value.gradient);
    value.gradient = null;
  }

  private void drop(Gradient gradient) {
    if (gradient.drop()) giveBack(gradient.tensor);
  }

  /** Memory to give back within the walk. */
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

  @Override
  public void close() {
    arena.close();
  }
}
