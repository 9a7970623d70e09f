package dev.kindling.train.autodiff;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * The operations of one micro-batch in the order in which they ran, and the memory of all that they gave.
 * {@link #backward} walks them from the last to the first (reverse-mode differentiation; Griewank and Walther 2008,
 * section 3.2).
 *
 * <p>Everything lies in memory that {@link #reset} takes back. Gradients of activations are reused as soon as the
 * operation that made the value has read them: a deep model needs no more of them than a shallow one. So are values that a layer
 * {@link Value#forget forgets}: the way back does without them, or makes them again from others. A tape that
 * {@link #recompute}s has a second place for what a part of the model computes, which ends with that part.
 */
public final class Tape implements AutoCloseable {
  private final Kernels kernels;
  private final Precision precision;
  private final Room lasting = new Room();       // until the next reset
  private final Room passing = new Room();       // of a part that is computed again: until its end
  private Room room = lasting;
  private List<Operation> operations = new ArrayList<>();
  private final FirstUses firstUses = new FirstUses();
  private int partOf;                            // the number of the operation that the part at hand will be
  private boolean learns;                        // a way back follows
  private boolean recomputes;
  private boolean recording;
  private CounterRandom random;
  private long drawn;
  private NonFiniteWatch watch;                  // null: nobody looks

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
    firstUses.clear();
    learns = recording;
    lasting.empty();
    this.recording = recording;
  }

  /** From here on, parts that are given to {@link Recompute} are forgotten and computed again on the way back. */
  public void recompute() {
    recomputes = true;
  }

  public boolean recomputes() {
    return recomputes;
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
    return lasting.peakBytes() + passing.peakBytes();
  }

  /** Copies token ids, lengths or targets in, as an int32 tensor of the shape. */
  public Tensor integers(int[] values, long... shape) {
    Tensor tensor = take(DType.INT32, shape);
    tensor.buffer(0, values.length).asIntBuffer().put(values);
    return tensor;
  }

  /** Positions first, first + 1, .. of each of several sequences, int32 [sequences · time]. */
  public Tensor positions(long sequences, long first, long time) {
    Tensor tensor = take(DType.INT32, sequences * time);
    for (long r = 0; r < tensor.size(); r++) Raw.putInt(tensor.address() + r * Integer.BYTES, (int) (first + r % time));
    return tensor;
  }

  /** Random numbers of the next operation that needs some, the same in every run of this micro-batch; null: none. */
  CounterRandom nextRandom() {
    return random == null ? null : random.child(drawn++);
  }

  /** How many streams were drawn since the last reset. */
  long drawn() {
    return drawn;
  }

  /** Memory for what is no value of the model's: integers until the next reset, numbers as long as values at hand. */
  public Tensor take(DType type, long... shape) {
    return type == DType.INT32 ? lasting.integers(shape) : room.borrow(type, shape);
  }

  /** Where values at hand lie. */
  Room room() {
    return room;
  }

  /** A value that is given, not learned: no gradient flows back to it. Its memory must last until the next reset. */
  public Value constant(Tensor data) {
    return new Value(this, data, true);
  }

  Value value(DType type, long... shape) {
    return new Value(this, take(type, shape));
  }

  void record(Operation operation) {
    if (learns) firstUses.add(operation, room == passing ? partOf : operations.size());
    if (watch != null) watch.ran(operation);
    if (recording) operations.add(operation);
  }

  /** Runs a micro-batch and looks at all that its operations give. @return where the first number came from that is not finite */
  public Optional<String> watched(Runnable microBatch) {
    watch = new NonFiniteWatch();
    try {
      microBatch.run();
      return watch.found();
    } finally {
      watch = null;
    }
  }

  /** From the last operation to the first: gradients of weights are added to {@link Weight#gradient}. */
  public void backward() {
    for (int i = operations.size() - 1; i >= 0; i--) operations.get(i).backward(this);
  }

  /** The same. @param whole is told of every weight in {@link #used} as soon as nothing is added to its gradient any more */
  public void backward(Consumer<Weight> whole) {
    for (int i = operations.size() - 1; i >= 0; i--) {
      operations.get(i).backward(this);
      firstUses.takeFrom(i, whole);
    }
  }

  /** Weights whose gradients the way back adds to; those of all others are what they will be. */
  public Set<Weight> used() {
    return firstUses.weights();
  }

  /**
   * Runs a part of the model whose values end with it.
   *
   * @param again whether it records its operations, for {@link #backward} within; @param drawn random streams before it
   */
  void runPart(boolean again, long drawn, Runnable part) {
    if (room != lasting) throw new IllegalStateException("a part that is computed again within another");
    List<Operation> all = operations;
    boolean wasRecording = recording;
    long after = this.drawn;
    if (!again) partOf = all.size();
    operations = new ArrayList<>();
    recording = again;
    room = passing;
    this.drawn = drawn;
    try {
      part.run();
    } finally {
      operations = all;
      recording = wasRecording;
      room = lasting;
      if (again) this.drawn = after;
      passing.empty();
    }
  }

  /** A copy of what a part found, until the next reset. */
  Value kept(Value found) {
    Tensor copy = lasting.borrow(found.type(), found.data().shape());
    Raw.copy(found.data().address(), copy.address(), copy.bytes());
    return new Value(this, copy, false, lasting);
  }

  /** Hands a gradient back to an input: {@code write} fills a tensor of that type and of the input's shape. */
  void flow(Value to, DType type, Consumer<Tensor> write) {
    if (to.isConstant()) return;
    Tensor dx = borrow(type, to.shape());
    write.accept(dx);
    flow(to, new Gradient(dx, room));
  }

  /** Hands a gradient back that was borrowed. */
  void flow(Value to, Tensor borrowed) {
    flow(to, new Gradient(borrowed, room));
  }

  /** Hands a gradient back to an input; where several come they are added, in float32. */
  void flow(Value to, Gradient more) {
    if (to.isConstant()) {
      drop(more);
      return;
    }
    Gradient wide = to.isUsedOften() ? widened(more) : more;
    if (to.gradient == null) {
      to.gradient = to.room == lasting && wide.room == passing ? copied(wide, lasting) : wide;
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
      Gradient dx = borrowed(to.room, gradientType(to), to.shape());
      write.accept(passing == null ? null : passing.tensor, dx.tensor);
      if (passing != null) drop(passing);
      to.gradient = dx;
      if (to.isConstant()) done(to);
    }
  }

  /** Hands an input the output's gradient, changed by {@code write} in place where nobody else holds it. */
  void flowThrough(Value from, Value to, BiConsumer<Tensor, Tensor> write) {
    Gradient dy = from.gradient;
    from.gradient = null;
    Gradient dx = dy.isShared() ? borrowed(room, dy.tensor.type(), dy.tensor.shape()) : dy;
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
      to.gradient = borrowed(to.room, DType.FLOAT32, to.shape());
      Raw.zero(to.gradient.tensor.address(), to.gradient.tensor.bytes());
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
    return gradient.isShared() ? copied(gradient, gradient.room) : gradient;
  }

  private Gradient copied(Gradient gradient, Room to) {
    Gradient copy = borrowed(to, gradient.tensor.type(), gradient.tensor.shape());
    Raw.copy(gradient.tensor.address(), copy.tensor.address(), copy.tensor.bytes());
    drop(gradient);
    return copy;
  }

  private Gradient widened(Gradient gradient) {
    if (gradient.tensor.type() == DType.FLOAT32) return gradient;
    Gradient wide = borrowed(room, DType.FLOAT32, gradient.tensor.shape());
    kernels.convert(gradient.tensor, wide.tensor);
    drop(gradient);
    return wide;
  }

  private static Gradient borrowed(Room room, DType type, long... shape) {
    return new Gradient(room.borrow(type, shape), room);
  }

  /** The gradient of a value has been read: its memory is free for another, unless some value still holds it. */
  void done(Value value) {
    drop(value.gradient);
    value.gradient = null;
  }

  private void drop(Gradient gradient) {
    if (gradient.drop()) gradient.room.giveBack(gradient.tensor);
  }

  /** Memory to give back within the walk. */
  Tensor borrow(DType type, long... shape) {
    return room.borrow(type, shape);
  }

  void giveBack(Tensor tensor) {
    room.giveBack(tensor);
  }

  @Override
  public void close() {
    lasting.close();
    passing.close();
  }
}
