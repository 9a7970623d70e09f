package dev.kindling.checkpoint;

import java.util.List;

/**
 * Named tensors that can be read in pieces as float32, wherever they are: a file, a model in memory, a view of either.
 */
public interface WeightSource {
  /** What there is, each name once. */
  List<TensorSpec> tensors();

  /**
   * Reads elements {@code from}, {@code from + 1}, ... of a tensor, converted to float32 (exact for F32, F16 and BF16).
   *
   * @param from first element, row-major; @param into values out, from {@code offset} on; @param count elements
   * @throws UserError when the file behind it is damaged
   * @throws IllegalArgumentException when there is no such tensor or no such range in it
   */
  void read(String name, long from, float[] into, int offset, int count);

  /** The tensor of that name, or null. */
  default TensorSpec find(String name) {
    for (TensorSpec t : tensors()) { if (t.name().equals(name)) return t; }
    return null;
  }

  /** A whole tensor; for small ones. */
  default float[] read(String name) {
    TensorSpec found = find(name);
    if (found == null) throw new IllegalArgumentException("no tensor " + name);
    float[] all = new float[Math.toIntExact(found.count())];
    read(name, 0, all, 0, all.length);
    return all;
  }
}
