package dev.kindling.checkpoint.onnx;

import dev.kindling.checkpoint.TensorSpec;

/**
 * A tensor whose values a file holds.
 *
 * @param shape row-major, empty for a scalar
 * @param inMemory its values, little-endian, where the file lists them one by one; else null
 * @param file beside the model's that holds the values, or null for the model's own; @param offset of the first, in bytes
 */
public record OnnxTensor(String name, OnnxType type, long[] shape, byte[] inMemory, String file, long offset) {
  OnnxTensor named(String other) {
    return new OnnxTensor(other, type, shape, inMemory, file, offset);
  }

  /** Its description; null for a type that safetensors does not have. */
  public TensorSpec spec() {
    return type.element() == null ? null : new TensorSpec(name, type.element(), shape);
  }
}
