package dev.kindling.train.loop;

/** Is told how a run goes, on rank 0 only and on the loop's own thread: what takes long here slows the run. */
public interface TrainingListener {
  /** Before the first step. @param firstStep 1, or the one after the checkpoint that the run continues */
  default void started(long firstStep, long steps, int worldSize) {
  }

  /** At every {@link RunOptions#logEvery}-th step, and at the first and the last. */
  default void progressed(Progress progress) {
  }

  /** While a measurement of the held-out rows takes long, every ten seconds. @param done of {@code all} that this rank has to measure */
  default void evaluating(long step, long done, long all) {
  }

  /** @param meanLoss of the held-out tokens, in nats */
  default void evaluated(long step, double meanLoss) {
  }

  /** @param where the folder that is whole now */
  default void checkpointed(long step, String where) {
  }

  /** A resumed run continues on other kernels than those that wrote its checkpoint: from here on bits may differ. */
  default void resumedOnOtherKernels(String then, String now) {
  }
}
