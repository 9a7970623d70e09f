package dev.kindling.train.kernel;

import dev.kindling.train.tensor.DType;

/**
 * A weight matrix in the layouts that a kernel library multiplies with fastest, refreshed from its float32 master once a
 * step by {@link Kernels#pack}. Seen from outside it is always the matrix {@code W [in, out]} of {@code y = x W}.
 */
public interface PackedWeight extends AutoCloseable {
  /** Columns of x. */
  long in();

  /** Columns of y. */
  long out();

  /** Whether the master is stored as [out, in] (an embedding used as the head) and not as [in, out]. */
  boolean storedTransposed();

  /** What x must be: float32 or bf16. */
  DType type();

  @Override
  void close();
}
