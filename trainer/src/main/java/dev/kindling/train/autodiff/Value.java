package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * A tensor on a {@link Tape}: what an operation gave, and on the way back the gradient that reached it. A layer that knows that
 * nobody reads it any more on the way forward may {@link #forget} it.
 */
public final class Value {
  private final Tape tape;
  private final Tensor data;
  private int uses;
  private final boolean constant;
  final Room room;                               // its gradient's, which may be needed as long as it
  private boolean spent;
  private boolean kept;
  private boolean readBack;                      // the way back reads the data
  private int readers;                           // those of it who can do with what is made again, as long as they have not read
  private Consumer<Tensor> maker;                // null: what is forgotten is lost
  private BiConsumer<Tensor, Tensor> backMaker;  // null: data and gradients are made apart
  private boolean passedBack;                    // the gradient is that of its operation's input already
  private boolean forgotten;
  private Tensor remade;
  Gradient gradient;

  Value(Tape tape, Tensor data) {
    this(tape, data, false);
  }

  Value(Tape tape, Tensor data, boolean constant) {
    this(tape, data, constant, tape.room());
  }

  Value(Tape tape, Tensor data, boolean constant, Room room) {
    this.tape = tape;
    this.data = data;
    this.constant = constant;
    this.room = room;
  }

  public Tape tape() {
    return tape;
  }

  /** What was computed; do not write it. */
  public Tensor data() {
    if (forgotten) throw new IllegalStateException("the memory of this value is another's now");
    return data;
  }

  long[] shape() {
    return data.shape();
  }

  public DType type() {
    return data.type();
  }

  /** The data as an operation's input: each call is a use from which a gradient will come back, and the way back may read it. */
  Tensor use() {
    readBack = true;
    return useForward();
  }

  /** The same for an operation whose way back does not read it. */
  Tensor useForward() {
    if (spent) throw new IllegalStateException("the memory of this value now holds a sum: use that");
    uses++;
    return data();
  }

  /** The same for an operation whose way back reads it by {@link #again} and then says {@link #wasRead}. */
  Tensor useAgain() {
    readers++;
    return useForward();
  }

  /** The data for an operation that writes its own output over it: it must be the only use. */
  Tensor spend() {
    Tensor data = useForward();
    if (uses > 1 || kept) throw new IllegalStateException("a value that others use cannot be overwritten");
    spent = true;
    return data;
  }

  /** Its own operation reads it on the way back: nothing may be written over it. */
  void keep() {
    kept = true;
  }

  /** Makes the data, and makes them once more when they are {@link #again} wanted. @param maker from what the way back reads anyway */
  void make(Consumer<Tensor> maker) {
    this.maker = maker;
    maker.accept(data);
  }

  /**
   * The same.
   *
   * @param backMaker makes the data once more and, in one go, of this value's gradient that of its operation's input, in place; the
   *     operation then asks {@link #isPassedBack}
   */
  void make(Consumer<Tensor> maker, BiConsumer<Tensor, Tensor> backMaker) {
    this.backMaker = backMaker;
    make(maker);
  }

  /**
   * Says that the way forward does not read this any more: its memory is free for others, where the way back does without it or has
   * it made again. Else nothing happens.
   */
  public void forget() {
    boolean needed = tape.isRecording() && (readBack || readers > 0 && maker == null);
    if (needed || kept || constant || spent || forgotten) return;
    room.giveBack(data);
    forgotten = true;
  }

  /** On the way back, what {@link #useAgain} gave. */
  Tensor again() {
    if (!forgotten) return data;
    if (remade == null) {
      remade = room.borrow(data.type(), data.shape());
      if (backMaker != null && hasWholeGradient()) {
        backMaker.accept(remade, gradient.tensor);
        passedBack = true;
      } else {
        maker.accept(remade);
      }
    }
    return remade;
  }

  /** Nothing is added to it any more, and nobody else holds it. */
  private boolean hasWholeGradient() {
    return uses == 1 && gradient != null && !gradient.isShared();
  }

  /** Whether the gradient is its operation's input's: {@link #make}. */
  boolean isPassedBack() {
    return passedBack;
  }

  /** A reader of {@link #again} is done. */
  void wasRead() {
    readers--;
    if (readers > 0 || remade == null) return;
    room.giveBack(remade);
    remade = null;
  }

  boolean isUsedOften() {
    return uses > 1;
  }

  /** Whether nothing learned is behind it, so that its gradient is not wanted. */
  boolean isConstant() {
    return constant;
  }

  /** What reached this value on the way back, or null. */
  Tensor dy() {
    return gradient == null ? null : gradient.tensor;
  }
}
