package dev.kindling.train.collective;

import dev.kindling.train.tensor.Tensor;
import java.util.List;

/**
 * What the ranks of a run exchange in a step. All ranks make the same calls in the same order; a call returns when this
 * rank's part is done, and throws when a peer is lost, so that none waits for ever. In one process: {@code Alone}; between
 * Spark executors: {@code dev.kindling.jobs.transport}.
 */
public interface Communicator extends AutoCloseable {
  int rank();

  /** Ranks in the run. */
  int worldSize();

  /**
   * Every owner gets the sum, by {@link VirtualRankTree}, of all ranks' contributions to its shard. The exchange begins at once
   * and goes on beside what the caller does: it may still be computing the contributions, and tells how far it is. No other call
   * is made before this one has finished.
   *
   * @param mine this rank's contributions, one for each maximal whole subtree of its virtual ranks, in order; each a flat
   *        float32 vector of the layout. Their content is spoilt.
   * @param shards who owns which range of elements
   * @param sum out: flat like the contributions (may be {@code mine.get(0).sum()}); only this rank's own range is written
   */
  Reduction reduce(List<Contribution> mine, Shards shards, Tensor sum);

  /** The same of contributions that are complete; returns when the sums are there. */
  default void reduceScatter(List<Contribution> mine, Shards shards, Tensor sum) {
    try (Reduction reduction = reduce(mine, shards, sum)) {
      reduction.finish();
    }
  }

  /** Every rank gets every owner's range of {@code flat} (float32), in place. */
  void allGather(Tensor flat, Shards shards);

  /**
   * Every rank gets the sum of all ranks' contributions, whole: the owners sum, then all get their shards.
   *
   * @param sum out, as {@link #reduce} has it; all of it is written
   */
  default void allReduce(List<Contribution> mine, Shards shards, Tensor sum) {
    reduceScatter(mine, shards, sum);
    allGather(sum, shards);
  }

  /**
   * Every rank gets what each other has for it.
   *
   * @param out by rank, float32 or int32; this rank's own place is ignored
   * @param in by rank, of the sizes that the others send; overwritten
   */
  void allToAll(List<Tensor> out, List<Tensor> in);

  /** Small values, such as losses, label counts and squares. @return by rank, what each gave */
  List<byte[]> allGather(byte[] mine);

  /** Every rank gets a small value of rank 0. @param mine what counts on rank 0 only */
  default byte[] broadcast(byte[] mine) {
    return allGather(rank() == 0 ? mine : new byte[0]).get(0);
  }

  /** Returns when all ranks have called it. */
  default void barrier() {
    allGather(new byte[0]);
  }

  /** Throws where it is known already that the next call will, so that nothing is computed in vain. */
  default void throwIfLost() {
  }

  /** Ends every wait, from any thread. */
  void abort(String why);

  /** A sum under way. One thread uses it. */
  interface Reduction extends AutoCloseable {
    /**
     * The elements of all contributions from {@code from} on are complete: they may leave.
     *
     * @param from never more than before
     */
    void complete(long from);

    /** All is complete. Returns when it is so on every rank; need not be called. */
    void meet();

    /** All is complete. Returns when the sums are there; the contributions may be written again. */
    void finish();

    /** Where it has not finished: gives up, for good. Returns when nobody reads or writes the memory any more. */
    @Override
    void close();
  }

  /** The sum of the virtual ranks of one whole subtree. @param tree which; @param sum flat float32 */
  record Contribution(VirtualRankTree.Node tree, Tensor sum) {}

  @Override
  void close();
}
