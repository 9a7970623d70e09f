package dev.kindling.train.tensor;

/**
 * What a run multiplies and stores in. Master weights, gradients, optimizer states, the residual stream and all sums
 * are float32 in both.
 */
public enum Precision {
  /** Matrix inputs and stored activations are float32. */
  FLOAT32(DType.FLOAT32),
  /** Matrix inputs and stored activations are bf16, rounded to nearest even. */
  BFLOAT16(DType.BFLOAT16);

  private final DType stored;

  Precision(DType stored) {
    this.stored = stored;
  }

  /** The type of matrix inputs and stored activations. */
  public DType stored() {
    return stored;
  }

  /** As users write it. */
  public String label() {
    return switch (this) {
      case FLOAT32 -> "float32";
      case BFLOAT16 -> "bf16";
    };
  }
}
