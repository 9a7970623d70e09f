package dev.kindling.train.collective;

import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.collective.Communicator.Reduction;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.optim.OwnedRange;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/** @see Gradients.Exact */
final class ExactExchange implements GradientExchange {
  private final Communicator communicator;
  private final Shards shards;
  private final List<OwnedRange> owned;
  private long sent;

  ExactExchange(Communicator communicator, Shards shards, ParameterLayout layout) {
    this.communicator = communicator;
    this.shards = shards;
    owned = OwnedRange.of(layout, shards.from(communicator.rank()), shards.to(communicator.rank()));
  }

  @Override
  public List<OwnedRange> owned() {
    return owned;
  }

  @Override
  public Reduction reduce(List<Contribution> mine, Tensor sum) {
    sent += mine.size() * (sum.size() - shards.size(communicator.rank())) * Float.BYTES;
    return communicator.reduce(mine, shards, sum);
  }

  @Override
  public long sent() {
    return sent;
  }
}
