package dev.kindling.checkpoint.commit;

/**
 * A range of one optimizer state of one parameter, as a rank holds it.
 *
 * @param name such as {@code exp_avg/transformer.wte.weight}; @param from its first element within the parameter
 * @param count elements; @param values float32; element 0 is the range's first
 */
public record OptimizerRange(String name, long from, long count, Values values) {
  public OptimizerRange {
    if (name.isEmpty() || name.startsWith("_") || name.contains("@"))
      throw new IllegalArgumentException("not a state's name: " + name);
    if (from < 0 || count < 0) throw new IllegalArgumentException(name + " from " + from + ", " + count + " elements");
  }

  /** Copies elements {@code at}, {@code at + 1}, ... of the range out; a trainer's {@code Tensor::get}. */
  @FunctionalInterface
  public interface Values {
    void get(long at, float[] into, int offset, int count);
  }
}
