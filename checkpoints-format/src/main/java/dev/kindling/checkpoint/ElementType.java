package dev.kindling.checkpoint;

/**
 * What one element of a stored tensor is, under the names of the safetensors format. Values can be read of
 * {@link #F32}, {@link #F16}, {@link #BF16}, {@link #I64} and {@link #I32}; the others are known by name and size only,
 * so that a file that holds them beside the weights (masks, counters) still opens.
 */
public enum ElementType {
  F32(4), F16(2), BF16(2), I64(8), I32(4), F64(8), U64(8), U32(4), I16(2), U16(2), I8(1), U8(1), BOOL(1), F8_E4M3(1),
  F8_E5M2(1);

  private final int bytes;

  ElementType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** Whether values of this type can be read. */
  public boolean readable() {
    return ordinal() <= I32.ordinal();
  }

  /** Whether weights can be written in this type. */
  public boolean floating() {
    return ordinal() <= BF16.ordinal();
  }
}
