package dev.kindling.train.kernel;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import java.util.Arrays;

/** One worker's rows on the heap: where {@link RowKernels} work. Grown once to the longest row, then nothing is allocated. */
final class Rows {
  private static final int SLOTS = 8;
  private final RowKernels kernels;
  private final float[][] slots = new float[SLOTS][0];
  private short[] halves = new short[0];
  private final int[][] pairs = new int[2][0];

  Rows(RowKernels kernels) {
    this.kernels = kernels;
  }

  RowKernels kernels() {
    return kernels;
  }

  /** Row number {@code slot} (up to 8), with room for n elements and the slack; its content is whatever it was. */
  float[] row(int slot, int n) {
    if (slots[slot].length < n + RowKernels.SLACK) slots[slot] = new float[n + RowKernels.SLACK];
    return slots[slot];
  }

  /** Row number {@code slot}, n zeros. */
  float[] zeros(int slot, int n) {
    float[] row = row(slot, n);
    Arrays.fill(row, 0, n, 0);
    return row;
  }

  /** Row number {@code slot}, read from memory. */
  float[] read(int slot, DType type, long address, int n) {
    float[] row = row(slot, n);
    if (type == DType.FLOAT32) {
      Raw.copy(address, row, 0, n);
    } else {
      Raw.copy(address, halves(n), 0, n);
      kernels.widen(halves, row, n);
    }
    return row;
  }

  /** Writes n elements to memory. */
  void write(float[] row, int n, DType type, long address) {
    if (type == DType.FLOAT32) {
      Raw.copy(row, 0, n, address);
    } else {
      kernels.narrow(row, halves(n), n);
      Raw.copy(halves, 0, n, address);
    }
  }

  /** Rounds n elements to what bf16 holds. */
  void round(float[] row, int n) {
    kernels.narrow(row, halves(n), n);
    kernels.widen(halves, row, n);
  }

  /** to += n elements of memory. */
  void add(DType type, long address, float[] to, int n, int slot) {
    if (type == DType.FLOAT32) {
      kernels.add(read(slot, type, address, n), to, n);
    } else {
      Raw.copy(address, halves(n), 0, n);
      kernels.addWidened(halves, to, n);
    }
  }

  /** n elements of memory *= factor; slot 0 is spoilt. */
  void scale(DType type, long address, float factor, int n) {
    if (type == DType.FLOAT32) {
      float[] row = read(0, type, address, n);
      kernels.scale(row, factor, n);
      write(row, n, type, address);
    } else {
      Raw.copy(address, halves(n), 0, n);
      kernels.scaleHalves(halves, factor, n);
      Raw.copy(halves, 0, n, address);
    }
  }

  /** Pairs of bf16, number {@code slot} (up to 2), with room for n of them and the slack; the content is whatever it was. */
  int[] pairs(int slot, int n) {
    if (pairs[slot].length < n + RowKernels.SLACK) pairs[slot] = new int[n + RowKernels.SLACK];
    return pairs[slot];
  }

  private short[] halves(int n) {
    if (halves.length < n + RowKernels.SLACK) halves = new short[n + RowKernels.SLACK];
    return halves;
  }
}
