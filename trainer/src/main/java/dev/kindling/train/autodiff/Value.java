package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;

/** A tensor on a {@link Tape}: what an operation gave, and on the way back the gradient that reached it. */
public final class Value {
  private final Tape tape;
  private final Tensor data;
  private int uses;
  private final boolean constant;
  final Room room;                               // its gradient's, which may be needed as long as it
  private boolean spent;
  private boolean kept;
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
    return data;
  }

  public DType type() {
    return data.type();
  }

  /** The data as an operation's input: each call is a use from which a gradient will come back. */
  Tensor use() {
    if (spent) throw new IllegalStateException("the memory of this value now holds a sum: use that");
    uses++;
    return data;
  }

  /** The data for an operation that writes its own output over it: it must be the only use. */
  Tensor spend() {
    Tensor data = use();
    if (uses > 1 || kept) throw new IllegalStateException("a value that others use cannot be overwritten");
    spent = true;
    return data;
  }

  /** Its own operation reads it on the way back: nothing may be written over it. */
  void keep() {
    kept = true;
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
