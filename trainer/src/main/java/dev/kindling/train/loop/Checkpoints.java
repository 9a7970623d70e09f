package dev.kindling.train.loop;

import dev.kindling.train.collective.Communicator;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.optim.Optimizer;
import java.util.List;
import java.util.Optional;

/** Where a run keeps what it needs to go on, and finds it again. */
public interface Checkpoints {
  /** The names of those that may be whole, the newest first. Asked on rank 0 only, which tells the others. */
  List<String> candidates();

  /** Whether one of so many shares of a checkpoint is as it was written; every rank asks, for a share of its own. */
  boolean isWhole(String name, int share, int shares);

  /** Opens one by the name that {@link #candidates} or {@link #save} gave; every rank does. */
  Saved open(String name);

  /** Bytes of weights for which a rank stores a part of its own. */
  long leastPart();

  /**
   * Called by all ranks after the same step, each with the states of its own shard; whole when it returns.
   *
   * @param states the optimizer's, and what the exchange of gradients keeps from step to step
   * @param parts of whose weights the model of each rank has the masters
   * @return its name
   */
  String save(TrainerState state, TrainableModel<?> model, List<Optimizer.State> states, StoredParts parts,
      Communicator communicator);

  /**
   * Begins to save, as {@link #save}, and need not be done with it: model and states may change when it returns. Not
   * called before the former one has ended.
   */
  default Saving begin(TrainerState state, TrainableModel<?> model, List<Optimizer.State> states, StoredParts parts,
      Communicator communicator) {
    String name = save(state, model, states, parts, communicator);
    return new Saving() {
      @Override
      public Optional<String> whole() {
        return Optional.of(name);
      }

      @Override
      public String settle(Communicator all) {
        return name;
      }
    };
  }

  /**
   * A checkpoint under way. What the ranks must know of one another travels with the steps, so that none waits: each gives its
   * {@link #word} and {@link #hear hears} those of all. The methods throw what a write failed with.
   */
  interface Saving {
    /** What this rank has to tell the others now; empty for nothing. */
    default byte[] word() {
      return new byte[0];
    }

    /** @param words what all ranks had to tell in one step, by rank */
    default void hear(List<byte[]> words) {
    }

    /** Its name where it is known to be whole. */
    Optional<String> whole();

    /** Waits for this rank's part; all ranks call it after the same step. Whole when it returns on rank 0. @return its name */
    String settle(Communicator communicator);
  }

  /** One checkpoint. */
  interface Saved {
    TrainerState state();

    /** Writes the weights; the caller tells the model. */
    void loadWeights(TrainableModel<?> model);

    /** Fills the states of a shard, however the writers' shards were cut. */
    void loadStates(List<Optimizer.State> states);
  }
}
