package dev.kindling.train.model;

import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import java.util.function.IntFunction;

/** The kernel libraries that a test of a model runs with. */
public enum TestKernels {
  /** The twin that is read as the definition. */
  PLAIN(PlainKernels::of),
  /** The fastest that this machine has: what runs use. */
  BEST(KernelLibraries::best);

  private final IntFunction<Kernels> open;

  TestKernels(IntFunction<Kernels> open) {
    this.open = open;
  }

  public Kernels open(int threads) {
    return open.apply(threads);
  }
}
