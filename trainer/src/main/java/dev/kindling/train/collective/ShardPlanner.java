package dev.kindling.train.collective;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.ParameterLayout;
import java.util.Arrays;
import java.util.function.Predicate;

/**
 * Cuts the flat vector into one shard a rank, as even as the borders allow: a border falls on the start of a parameter or,
 * inside one that may be cut, on a multiple of {@link Kernels#NORM_BLOCK} elements from its start. So every block whose
 * squares are summed by itself lies in one shard, and the blocks are the same for any number of ranks.
 */
public final class ShardPlanner {
  private ShardPlanner() {
  }

  /** @param needsWhole the parameters that one rank must own all of */
  public static Shards plan(ParameterLayout layout, int worldSize, Predicate<Parameter> needsWhole) {
    long[] borders = new long[worldSize + 1];
    borders[worldSize] = layout.size();
    long[] nearest = new long[worldSize];
    Arrays.fill(nearest, Long.MAX_VALUE);
    for (Parameter p : layout.parameters()) {
      long step = needsWhole.test(p) ? Long.MAX_VALUE : Kernels.NORM_BLOCK;
      for (int rank = 1; rank < worldSize; rank++) {
        long wanted = layout.size() / worldSize * rank;
        long within = Math.max(0, Math.min(p.size() - 1, wanted - p.offset()));
        long below = step == Long.MAX_VALUE ? 0 : within / step * step;
        consider(borders, nearest, rank, wanted, p.offset() + below);
        if (step != Long.MAX_VALUE && below + step < p.size()) {
          consider(borders, nearest, rank, wanted, p.offset() + below + step);
        }
      }
    }
    for (int rank = 1; rank < worldSize; rank++) borders[rank] = Math.max(borders[rank], borders[rank - 1]);
    return new Shards(borders);
  }

  private static void consider(long[] borders, long[] nearest, int rank, long wanted, long border) {
    long distance = Math.abs(border - wanted);
    if (distance < nearest[rank]) {
      nearest[rank] = distance;
      borders[rank] = border;
    }
  }
}
