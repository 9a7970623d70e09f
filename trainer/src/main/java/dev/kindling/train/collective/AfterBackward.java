package dev.kindling.train.collective;

import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.collective.Communicator.Reduction;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/**
 * A sum of which nothing leaves before all of a rank's gradients are there.
 *
 * @param exchange what {@link #finish} does
 */
record AfterBackward(Communicator communicator, Runnable exchange) implements Reduction {
  @Override
  public void complete(long from) {
    communicator.throwIfLost();
  }

  @Override
  public void meet() {
    communicator.barrier();
  }

  @Override
  public void finish() {
    exchange.run();
  }

  @Override
  public void close() {                          // nothing is under way outside of finish
  }

  /** What a rank's virtual ranks come to, added in their order, in the first contribution's place. */
  static Tensor ownSum(List<Contribution> mine, Kernels kernels) {
    Tensor own = mine.get(0).sum();
    for (Contribution more : mine.subList(1, mine.size())) kernels.add(more.sum(), own);
    return own;
  }
}
