package dev.kindling.data.tokenizer;

import java.util.List;

/** The merges of a byte-pair vocabulary: pair of ids to (rank, id of the whole). Safe for use by many threads. */
final class MergeTable {
  /** Pair of token ids and the token that they make. */
  record Merge(int left, int right, int whole) {}

  static final int NONE = Integer.MAX_VALUE;

  private final List<Merge> merges;
  private final PairTable ranks;

  MergeTable(List<Merge> merges) {
    this.merges = List.copyOf(merges);
    ranks = new PairTable(merges.size());
    for (int rank = 0; rank < merges.size(); rank++)          // a pair named twice: the later one holds, as in a map
      ranks.put(merges.get(rank).left(), merges.get(rank).right(), rank);
  }

  List<Merge> merges() {
    return merges;
  }

  /** @return how early the pair is merged, 0 first; {@link #NONE} where it is not */
  int rank(int left, int right) {
    int rank = ranks.get(left, right);
    return rank == PairTable.NONE ? NONE : rank;
  }

  int whole(int rank) {
    return merges.get(rank).whole();
  }

  static long pair(int left, int right) {
    return (long) left << 32 | right;
  }
}
