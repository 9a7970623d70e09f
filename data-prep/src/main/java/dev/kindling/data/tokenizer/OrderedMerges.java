package dev.kindling.data.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Merges in the order that training gives them: the parts of each were made by earlier ones, so that encoding goes through the
 * ranks upwards, once. Of several merges that make a token then only one can ever happen, and a table of one merge a token is
 * all there is; the others are dropped here. A token that no text comes to, such as one whose parts are always merged
 * otherwise, has none.
 *
 * <p>What neighbours can stand beside each other in an encoding depends on these two alone: a sequence of tokens is the
 * encoding of its text if and only if each of its pairs of neighbours is ({@link #compatible}).
 */
final class OrderedMerges {
  private static final int BYTE = -1;
  private static final int UNKNOWN = -2;

  private final int[] ranks;
  private final int[] lefts;
  private final int[] rights;
  private final PairTable wholes;

  private OrderedMerges(int tokens, int merges) {
    ranks = new int[tokens];
    Arrays.fill(ranks, UNKNOWN);
    lefts = new int[tokens];
    rights = new int[tokens];
    wholes = new PairTable(merges);
  }

  /**
   * @param tokens one more than the largest id
   * @return null where a merge can happen before one of its parts is made by another
   */
  static OrderedMerges of(MergeTable table, int tokens, int[] idOfByte) {
    List<MergeTable.Merge> merges = table.merges();
    int[] ranks = IntStream.range(0, merges.size())
        .filter(rank -> table.rank(merges.get(rank).left(), merges.get(rank).right()) == rank).toArray();
    return of(Arrays.stream(ranks).mapToObj(merges::get).toList(), ranks, tokens, idOfByte);
  }

  /** @param ranks of the merges, never falling; those of one rank make the same token */
  static OrderedMerges of(List<MergeTable.Merge> merges, int[] ranks, int tokens, int[] idOfByte) {
    OrderedMerges ordered = new OrderedMerges(tokens, merges.size());
    for (int id : idOfByte) ordered.ranks[id] = BYTE;
    List<MergeTable.Merge> late = new ArrayList<>();
    for (int i = 0; i < ranks.length; i++) {
      MergeTable.Merge merge = merges.get(i);
      if (!ordered.knows(merge.left(), ranks[i]) || !ordered.knows(merge.right(), ranks[i])) {
        late.add(merge);
      } else if (!ordered.isMade(merge.whole()) && ordered.compatible(merge.left(), merge.right(), ranks[i])) {
        ordered.add(merge, ranks[i]);
      }
    }
    for (MergeTable.Merge merge : late) if (ordered.meet(merge)) return null;
    return ordered;
  }

  private boolean knows(int token, int rank) {
    return ranks[token] != UNKNOWN && ranks[token] < rank;
  }

  private void add(MergeTable.Merge merge, int rank) {
    ranks[merge.whole()] = rank;
    lefts[merge.whole()] = merge.left();
    rights[merge.whole()] = merge.right();
    wholes.put(merge.left(), merge.right(), merge.whole());
  }

  /** Whether the two tokens of a merge stand side by side when the later of them is made, which is after the merge's turn. */
  private boolean meet(MergeTable.Merge merge) {
    return isMade(merge.left()) && isMade(merge.right())
        && compatible(merge.left(), merge.right(), Math.max(ranks[merge.left()], ranks[merge.right()]) + 1);
  }

  /** Whether the token is the encoding of its own bytes; any other is never seen. */
  boolean isMade(int token) {
    return ranks[token] != UNKNOWN;
  }

  /** The merges that happen, in the order of their ranks. */
  List<MergeTable.Merge> merges() {
    List<MergeTable.Merge> merges = new ArrayList<>();
    for (int token = 0; token < ranks.length; token++)
      if (ranks[token] >= 0) merges.add(new MergeTable.Merge(lefts[token], rights[token], token));
    merges.sort((a, b) -> Integer.compare(ranks[a.whole()], ranks[b.whole()]));
    return merges;
  }

  /** Whether the two tokens are the encoding of their bytes, one behind the other. */
  boolean compatible(int left, int right) {
    return compatible(left, right, Integer.MAX_VALUE);
  }

  /**
   * Goes back in time, taking apart the later of the two symbols that touch, and looks whether they would have been merged
   * while they did.
   *
   * @param limit merges of this rank or a higher one have not happened yet
   */
  private boolean compatible(int left, int right, int limit) {
    int l = left;
    int r = right;
    for (int before = limit;;) {
      int whole = wholes.get(l, r);
      if (whole != PairTable.NONE && ranks[whole] < before) return false;
      if (ranks[l] > ranks[r]) {
        before = ranks[l];                                    // of the same rank, what lies further left comes first
        l = rights[l];
      } else if (ranks[r] != BYTE) {
        before = ranks[r] + 1;
        r = lefts[r];
      } else {
        return true;
      }
    }
  }
}
