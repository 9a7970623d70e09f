package dev.kindling.train.tensor;

/** What one element of a tensor is. */
public enum DType {
  FLOAT32(4), BFLOAT16(2), INT32(4);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }
}
