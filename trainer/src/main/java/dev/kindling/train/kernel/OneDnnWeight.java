package dev.kindling.train.kernel;

import dev.kindling.train.kernel.OneDnnProducts.Place;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;

/**
 * A weight as oneDNN multiplies with it, twice: W [in, out] cut into panels of columns for y = x W, and Wᵀ [out, in] for
 * dx = dy Wᵀ, a head's in parts of {@link #PART} rows. Both are held in memory, or neither is: then whoever multiplies packs
 * what it needs.
 */
final class OneDnnWeight implements PackedWeight {
  /** Rows of Wᵀ that are multiplied at once where there are more than {@link #MOST}. */
  static final int PART = 4096;
  private static final int MOST = 16_384;
  private final int in;
  private final int out;
  private final boolean storedTransposed;
  private final DType type;
  private Memory memory;                         // null: nothing is held
  private Place master;                          // whose copies they are

  OneDnnWeight(int in, int out, boolean storedTransposed, DType type) {
    this.in = in;
    this.out = out;
    this.storedTransposed = storedTransposed;
    this.type = type;
  }

  /**
   * A matrix [rows, columns] as panels of columns, each packed by itself.
   *
   * @param address of the first panel; @param width columns of a panel
   */
  record Panels(long address, DType type, int rows, int columns, int width) {
    Panels(long address, DType type, int rows, int columns) {
      this(address, type, rows, columns, Blocks.panel(columns));
    }

    /** To be multiplied with a matrix of so many {@code rowsOfProduct}. */
    static Panels ofGradient(long address, DType type, int rows, int columns, int rowsOfProduct) {
      return new Panels(address, type, rows, columns, Blocks.panel(rowsOfProduct, columns));
    }

    int count() {
      return Blocks.count(columns, width);
    }

    int width(int panel) {
      return Blocks.size(columns, width, panel);
    }

    /** The same panels elsewhere. */
    Panels at(long address) {
      return new Panels(address, type, rows, columns, width);
    }

    long bytes() {
      return count() * panelBytes();
    }

    long address(int panel) {
      return address + panel * panelBytes();
    }

    static long bytes(DType type, int rows, int columns) {
      return new Panels(0, type, rows, columns).bytes();
    }

    private long panelBytes() {
      return (OneDnn.bytes(OneDnn.packed(type, rows, width)) + 63) / 64 * 64;
    }
  }

  /** Holds both forms from now on; they are to be filled. */
  void hold(Place master) {
    if (memory == null) memory = Memory.allocate(bytes(type, in, out));
    this.master = master;
  }

  /** What both forms take. */
  static long bytes(DType type, int in, int out) {
    return Panels.bytes(type, in, out) + bytesBefore(type, in, out, parts(out));
  }

  /** What the largest takes of what is packed at once where nothing is held: of a head, one panel for the way forward. */
  static long largestForm(DType type, int in, int out) {
    Panels forward = new Panels(0, type, in, out);
    long first = parts(out) > 1 ? forward.bytes() / forward.count() : forward.bytes();
    return Math.max(first, Panels.bytes(type, partRows(out, 0), in));
  }

  /** What so many parts of Wᵀ take. */
  private static long bytesBefore(DType type, int in, int out, int part) {
    long bytes = 0;
    for (int i = 0; i < part; i++) bytes += Panels.bytes(type, partRows(out, i), in);
    return bytes;
  }

  private static int parts(int out) {
    return out <= MOST ? 1 : Blocks.count(out, PART);
  }

  static int partRows(int out, int part) {
    return out <= MOST ? out : Blocks.size(out, PART, part);
  }

  /** @param out as {@link PackedWeight#out} has it */
  static int lastPartRows(long out) {
    int rows = Math.toIntExact(out);
    return partRows(rows, parts(rows) - 1);
  }

  /** Holds nothing from now on. */
  void holdNothing(Place master) {
    close();
    this.master = master;
  }

  boolean isHeld() {
    return memory != null;
  }

  /** The float32 matrix that it is a copy of, as it is stored. */
  Place master() {
    return master;
  }

  /** W; where it is not held, at no address. */
  Panels forward() {
    return new Panels(isHeld() ? memory.address() : 0, type, in, out);
  }

  /** How many parts Wᵀ has: dx is the sum of what they give. */
  int parts() {
    return parts(out);
  }

  /** The row of Wᵀ that a part begins with. */
  int from(int part) {
    return part * PART;
  }

  /** A part of Wᵀ; where it is not held, at no address. */
  Panels backward(int part) {
    Panels here = new Panels(0, type, partRows(out, part), in);
    if (!isHeld()) return here;
    return here.at(memory.address() + Panels.bytes(type, in, out) + bytesBefore(type, in, out, part));
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
    if (memory != null) memory.close();
    memory = null;
  }
}
