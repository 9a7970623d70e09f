package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.Tensor;

/**
 * The memory of a gradient. Values whose sum was taken hold one together; it may be written only by its last holder.
 */
final class Gradient {
  final Tensor tensor;
  final Room room;
  private int holders = 1;

  /** @param room that the memory is of */
  Gradient(Tensor tensor, Room room) {
    this.tensor = tensor;
    this.room = room;
  }

  Gradient share() {
    holders++;
    return this;
  }

  boolean isShared() {
    return holders > 1;
  }

  /** @return whether that was the last holder and the memory is free */
  boolean drop() {
    return --holders == 0;
  }
}
