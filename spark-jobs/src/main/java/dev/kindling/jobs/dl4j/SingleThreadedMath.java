package dev.kindling.jobs.dl4j;

import org.nd4j.linalg.factory.Environment;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * Lets ND4J and its BLAS compute each operation on the thread that asks for it, until closed. The bits of a sum depend on how many
 * threads share it; a rank's cores work on different virtual ranks instead.
 */
final class SingleThreadedMath implements AutoCloseable {
  private final Environment environment = Nd4j.getEnvironment();
  private final int threads = environment.maxThreads();
  private final int masterThreads = environment.maxMasterThreads();
  private final int blasThreads = Nd4j.factory().blas().getMaxThreads();

  SingleThreadedMath() {
    environment.setMaxThreads(1);
    environment.setMaxMasterThreads(1);
    Nd4j.factory().blas().setMaxThreads(1);
  }

  /** OpenMP counts threads by the thread that asks: every thread that computes calls this first. */
  static void onThisThread() {
    NativeOpsHolder.getInstance().getDeviceNativeOps().setOmpNumThreads(1);
  }

  @Override
  public void close() {
    environment.setMaxThreads(threads);
    environment.setMaxMasterThreads(masterThreads);
    if (blasThreads > 0) Nd4j.factory().blas().setMaxThreads(blasThreads);
  }
}
