package dev.kindling.train.loop;

import dev.kindling.train.collective.Communicator;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.optim.Optimizer;
import java.util.Optional;

/** Where a run keeps what it needs to go on, and finds it again. */
public interface Checkpoints {
  /** The newest one that is whole. Asked on rank 0 only, which tells the others. */
  Optional<String> newest();

  /** Opens one by the name that {@link #newest} or {@link #save} gave; every rank does. */
  Saved open(String name);

  /**
   * Called by all ranks after the same step, each with the optimizer of its own shard; whole when it returns.
   *
   * @return its name
   */
  String save(TrainerState state, TrainableModel<?> model, Optimizer optimizer, Communicator communicator);

  /** One checkpoint. */
  interface Saved {
    TrainerState state();

    /** Writes the weights; the caller tells the model. */
    void loadWeights(TrainableModel<?> model);

    /** Fills the states of a shard, however the writers' shards were cut. */
    void loadOptimizer(Optimizer optimizer);
  }
}
