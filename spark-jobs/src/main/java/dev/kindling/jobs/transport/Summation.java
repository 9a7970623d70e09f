package dev.kindling.jobs.transport;

import dev.kindling.train.collective.TreeSum;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/** Adds the contributions to this rank's shard, a piece at a time, as they come and as its own are complete. */
final class Summation implements Transfer.Work {
  private final Exchange exchange;
  private final TreeSum tree;
  private final List<Tensor> parts;
  private final Tensor sum;
  private final long first;
  private long left;                             // bytes

  /** @param parts of the shard, in the tree's order; @param sum of the shard; @param first the shard's first element */
  Summation(Exchange exchange, TreeSum tree, List<Tensor> parts, Tensor sum, long first) {
    this.exchange = exchange;
    this.tree = tree;
    this.parts = parts;
    this.sum = sum;
    this.first = first;
    left = sum.bytes();
  }

  @Override
  public boolean step(long complete) {
    if (isDone()) return false;
    long at = Incoming.lastPiece(left);
    if (first + at / Float.BYTES < complete || !exchange.has(sum.bytes() - at)) return false;
    tree.sum(parts, sum, at / Float.BYTES, (int) ((left - at) / Float.BYTES));
    left = at;
    return true;
  }

  @Override
  public boolean isDone() {
    return left == 0;
  }
}
