package dev.kindling.train.collective;

import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.collective.Communicator.Reduction;
import dev.kindling.train.optim.Optimizer;
import dev.kindling.train.optim.OwnedRange;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/** What a rank does with its gradients and its new weights in every step, as {@link Gradients} say. */
public sealed interface GradientExchange extends AutoCloseable permits ExactExchange, CodedExchange, PowerSgdExchange,
    LocalExchange {
  /** The weights that this rank updates. */
  List<OwnedRange> owned();

  /** Before a step. @param step counted from 1; @param last whether it is the run's last; @param weights flat, as they are before it */
  default void begin(long step, boolean last, Tensor weights) {
  }

  /** As {@link Communicator#reduce}, for the ranges that this rank {@link #owned owns}. */
  Reduction reduce(List<Contribution> mine, Tensor sum);

  /**
   * After a step's update.
   *
   * @param last whether the run's last step has been done; @param weights flat; this rank's shard may be moved
   * @return whether all ranks are now to get the owners' shards
   */
  default boolean shares(long step, boolean last, Tensor weights) {
    return true;
  }

  /** Instead of {@link #shares} after a step that had no label on any rank. @param sum as {@link #reduce} left it */
  default void keep(Tensor sum) {
  }

  /** Bytes of gradients that this rank has sent, those of the step that has begun among them; weights on their way back are not. */
  long sent();

  /** What must be in a checkpoint besides weights and the optimizer's states, so that the run goes on as if it had not stopped. */
  default List<Optimizer.State> states(Tensor weights) {
    return List.of();
  }

  /** The name under which a checkpoint has a state of this rank's optimizer. */
  default String named(String state) {
    return state;
  }

  @Override
  default void close() {
  }
}
