package dev.kindling.train.kernel;

import dev.kindling.train.kernel.Scratch.Slot;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.Map;

/** The copies that {@link Widening} makes of bf16, as {@link SizingKernels} adds them up: none where oneDNN multiplies it. */
final class WidenedCopies {
  private final boolean needed;
  private final Map<Slot, Long> ofWorker;

  /** @param ofWorker bytes of a thread's slots, which grow here */
  WidenedCopies(boolean needed, Map<Slot, Long> ofWorker) {
    this.needed = needed;
    this.ofWorker = ofWorker;
  }

  private void copy(Slot slot, DType type, long lines, long length) {
    if (needed && type == DType.BFLOAT16) ofWorker.merge(slot, Widening.bytes(lines, length), Math::max);
  }

  /** Of the widest panel of a matrix. */
  static long width(long columns) {
    return Math.min(Blocks.panel(columns), columns);
  }

  /** A panel is packed of what lies in rows, or transposed. */
  void packed(DType type, long rows, long width, boolean transposed) {
    copy(Slot.WIDENED_LEFT, type, transposed ? width : rows, transposed ? rows : width);
  }

  /** A block of rows is multiplied. */
  void left(DType type, long rows, long inner) {
    copy(Slot.WIDENED_LEFT, type, Math.min(Blocks.ROWS, rows), inner);
  }

  /** Columns of [rows, columns] are multiplied, a block at a time. */
  void turned(DType type, long rows, long columns) {
    copy(Slot.WIDENED_LEFT, type, rows, Math.min(Blocks.ROWS, columns));
  }

  /** A product's blocks are written. */
  void result(Tensor c) {
    rows(c.type(), c.rows(), width(c.dim(-1)));
  }

  /** Blocks of rows are written. */
  void rows(DType type, long rows, long columns) {
    copy(Slot.WIDENED_RESULT, type, Math.min(Blocks.ROWS, rows), columns);
  }

  /** A matrix is transposed, a block of rows and a panel's width at a time. */
  void transposed(DType type, long rows, long columns) {
    left(type, rows, width(columns));
    copy(Slot.WIDENED_RESULT, type, width(columns), Math.min(Blocks.ROWS, rows));
  }

  /** Of one tile of attention: queries and weights; keys and values, or on the way back the queries again; and what comes of it. */
  void attention(AttentionInputs in, int queries, int keys) {
    copy(Slot.WIDENED_LEFT, in.type(), queries, Math.max(in.headDim(), keys));
    copy(Slot.WIDENED_RIGHT, in.type(), Math.max(queries, keys), in.headDim());
    copy(Slot.WIDENED_RESULT, in.type(), queries, in.headDim());
  }
}
