package dev.kindling.train.collective;

import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.optim.Optimizer;
import dev.kindling.train.optim.OwnedRange;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Flat vectors as states of a checkpoint. */
final class RankStates {
  private RankStates() {
  }

  /** The name of what one rank has for itself. @param state such as {@code residual} */
  static String named(int rank, String state) {
    return "rank" + rank + "." + state;
  }

  /** All parameters of a vector that each rank has one of. @param flat in the layout */
  static List<Optimizer.State> ofRank(int rank, String state, ParameterLayout layout, Tensor flat) {
    List<Optimizer.State> all = new ArrayList<>();
    for (Parameter p : layout.parameters()) {
      all.add(new Optimizer.State(named(rank, state) + "/" + p.name(), 0, flat.slice(p.offset(), p.size())));
    }
    return all;
  }

  /** What a rank has of a vector that all ranks share. @param shard the flat vector's elements from {@code first} on */
  static List<Optimizer.State> ofShard(String state, List<OwnedRange> owned, Tensor shard, long first) {
    List<Optimizer.State> all = new ArrayList<>();
    for (OwnedRange r : owned) {
      Tensor values = shard.slice(r.parameter().offset() + r.from() - first, r.size());
      all.add(new Optimizer.State(state + "/" + r.parameter().name(), r.from(), values));
    }
    return all;
  }
}
