package dev.kindling.checkpoint;

import java.util.Arrays;

/**
 * A tensor's name, element type and shape; row-major. The empty shape is a scalar.
 *
 * @param name as Hugging Face's files have it, such as {@code transformer.wte.weight}
 */
public record TensorSpec(String name, ElementType type, long[] shape) {
  public TensorSpec {
    shape = shape.clone();
    long count = 1;
    for (long n : shape) {
      if (n < 0) throw new IllegalArgumentException(name + " has a negative length");
      count = Math.multiplyExact(count, n);
    }
    Math.multiplyExact(count, type.bytes());
  }

  public static TensorSpec float32(String name, long... shape) {
    return new TensorSpec(name, ElementType.F32, shape);
  }

  @Override
  public long[] shape() {
    return shape.clone();
  }

  /** Elements. */
  public long count() {
    long count = 1;
    for (long n : shape) count *= n;
    return count;
  }

  /** Size as stored. */
  public long bytes() {
    return count() * type.bytes();
  }

  public TensorSpec named(String other) {
    return new TensorSpec(other, type, shape);
  }

  public TensorSpec as(ElementType other) {
    return new TensorSpec(name, other, shape);
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof TensorSpec other && name.equals(other.name) && type == other.type
        && Arrays.equals(shape, other.shape);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * name.hashCode() + type.hashCode()) + Arrays.hashCode(shape);
  }

  @Override
  public String toString() {
    return name + " " + type + Arrays.toString(shape);
  }
}
