package dev.kindling.train.kernel;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;

/**
 * A weight as oneDNN multiplies with it, twice: W [in, out] cut into panels of columns for y = x W, and Wᵀ [out, in] for
 * dx = dy Wᵀ.
 */
final class OneDnnWeight implements PackedWeight {
  private final int in;
  private final int out;
  private final boolean storedTransposed;
  private final DType type;
  private final Panels forward;
  private final Panels backward;
  private final Memory memory;

  OneDnnWeight(int in, int out, boolean storedTransposed, DType type) {
    this.in = in;
    this.out = out;
    this.storedTransposed = storedTransposed;
    this.type = type;
    long half = Panels.bytes(type, in, out);
    memory = Memory.allocate(half + Panels.bytes(type, out, in));
    forward = new Panels(memory.address(), type, in, out);
    backward = new Panels(memory.address() + half, type, out, in);
  }

  /**
   * A matrix [rows, columns] as panels of {@link Blocks#panel} columns, each packed by itself.
   *
   * @param address of the first panel
   */
  record Panels(long address, DType type, int rows, int columns) {
    int width() {
      return Blocks.panel(columns);
    }

    int count() {
      return Blocks.count(columns, width());
    }

    int width(int panel) {
      return Blocks.size(columns, width(), panel);
    }

    long address(int panel) {
      return address + panel * panelBytes(type, rows, width());
    }

    static long bytes(DType type, int rows, int columns) {
      int width = Blocks.panel(columns);
      return Blocks.count(columns, width) * panelBytes(type, rows, width);
    }

    private static long panelBytes(DType type, int rows, int width) {
      return (OneDnn.bytes(OneDnn.packed(type, rows, width)) + 63) / 64 * 64;
    }
  }

  Panels forward() {
    return forward;
  }

  Panels backward() {
    return backward;
  }

  @Override
  public long in() {
    return in;
  }

  @Override
  public long out() {
    return out;
  }

  @Override
  public boolean storedTransposed() {
    return storedTransposed;
  }

  @Override
  public DType type() {
    return type;
  }

  @Override
  public void close() {
    memory.close();
  }
}
