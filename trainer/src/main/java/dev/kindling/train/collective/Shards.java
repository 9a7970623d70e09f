package dev.kindling.train.collective;

/**
 * Which rank owns, sums and updates which range of the flat vector: rank r has [borders[r], borders[r + 1]).
 *
 * @param borders ascending, worldSize + 1 of them, from 0 to the vector's size, in elements; a shard may be empty
 */
public record Shards(long[] borders) {
  public Shards {
    for (int i = 1; i < borders.length; i++) {
      if (borders[i] < borders[i - 1]) throw new IllegalArgumentException("borders must ascend");
    }
  }

  public long from(int rank) {
    return borders[rank];
  }

  public long to(int rank) {
    return borders[rank + 1];
  }

  public long size(int rank) {
    return to(rank) - from(rank);
  }

  public int worldSize() {
    return borders.length - 1;
  }
}
