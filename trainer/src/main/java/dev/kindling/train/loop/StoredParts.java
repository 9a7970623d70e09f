package dev.kindling.train.loop;

import dev.kindling.checkpoint.folder.WeightParts;
import dev.kindling.train.collective.ShardPlanner;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.ParameterLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Which rank stores which parameters of a model: whole ones, as evenly as that allows, in the order of the layout, as a rank owns
 * most of those already. Where parts would be small, fewer ranks store: a small model stays one file.
 *
 * @param ranges by rank, its parameters; empty where it stores none
 */
public record StoredParts(ParameterLayout layout, Shards ranges) {
  /** Bytes for which a rank is worth a file of its own: to write them takes longer than all else that a file takes. */
  static final long LEAST = 64L << 20;

  /** @param apart whether ranks have weights of their own: then the first stores its model; @param least bytes of a part */
  public static StoredParts of(ParameterLayout layout, int worldSize, boolean apart, long least) {
    int writers = apart ? 1 : (int) Math.max(1, Math.min(worldSize, layout.size() * Float.BYTES / least));
    long[] borders = Arrays.copyOf(ShardPlanner.plan(layout, writers, any -> true).borders(), worldSize + 1);
    Arrays.fill(borders, writers, worldSize + 1, layout.size());
    return new StoredParts(layout, new Shards(borders));
  }

  /** Bytes of the largest part. */
  long largest() {
    long largest = 0;
    for (int rank = 0; rank < ranges.worldSize(); rank++) largest = Math.max(largest, ranges.size(rank));
    return largest * Float.BYTES;
  }

  /** Whether a rank stores weights. What a model has beside its layout, as it is not learned, is with the first. */
  boolean isWriter(int rank) {
    return rank == 0 || ranges.size(rank) > 0;
  }

  boolean has(int rank, Parameter parameter) {
    return ranges.from(rank) <= parameter.offset() && parameter.offset() < ranges.to(rank);
  }

  WeightParts byName() {
    Map<String, Integer> of = new HashMap<>();
    for (Parameter p : layout.parameters()) {
      for (int rank = 0; rank < ranges.worldSize(); rank++) { if (has(rank, p)) of.put(p.name(), rank); }
    }
    return new WeightParts(ranges.worldSize(), name -> of.getOrDefault(name, 0));
  }
}
