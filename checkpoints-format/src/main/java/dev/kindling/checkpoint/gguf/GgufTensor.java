package dev.kindling.checkpoint.gguf;

import java.util.Arrays;

/**
 * A tensor that a GGUF file describes.
 *
 * @param typeId its {@code ggml_type}; @param shape row-major, as torch has it (the file's lengths reversed)
 * @param offset of its data in the file, in bytes
 */
public record GgufTensor(String name, int typeId, long[] shape, long offset) {
  public GgufTensor { shape = shape.clone(); }

  @Override
  public long[] shape() {
    return shape.clone();
  }

  /** The type's name, or its number where this program cannot read it. */
  public String typeName() {
    GgufType type = GgufType.of(typeId);
    return type == null ? "ggml type " + typeId : type.name();
  }

  public long count() {
    return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
  }

  int rowLength() {
    return Math.toIntExact(shape.length == 0 ? 1 : shape[shape.length - 1]);
  }
}
