package dev.kindling.data.pack;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * Best-fit-decreasing bin packing: the largest thing first, each into the fullest bin that has room, else into a new one (Johnson 1974,
 * "Fast algorithms for bin packing"; for training sequences Ding et al. 2024, "Fewer Truncations Improve Language Modeling",
 * arXiv:2404.10830, algorithm 1). At most 11/9 of the fewest bins, and one more; any two bins together hold more than fits into one.
 *
 * @param bins how many
 * @param of the bin of each thing, 0 first
 */
record BestFit(int bins, int[] of) {
  /** @param sizes each 1 to {@code capacity}; of equal ones the first comes first, so that the same sizes give the same bins */
  static BestFit of(int[] sizes, int capacity) {
    long[] order = new long[sizes.length];
    for (int i = 0; i < sizes.length; i++) order[i] = (long) (capacity - sizes[i]) << 32 | i;
    Arrays.sort(order);
    TreeMap<Integer, ArrayDeque<Integer>> binsByRoom = new TreeMap<>();
    int[] bin = new int[sizes.length];
    int bins = 0;
    for (long key : order) {
      int thing = (int) key;
      Map.Entry<Integer, ArrayDeque<Integer>> tightest = binsByRoom.ceilingEntry(sizes[thing]);
      int room = tightest == null ? capacity : tightest.getKey();
      bin[thing] = tightest == null ? bins++ : tightest.getValue().remove();
      if (tightest != null && tightest.getValue().isEmpty()) binsByRoom.remove(room);
      int left = room - sizes[thing];
      if (left > 0) binsByRoom.computeIfAbsent(left, any -> new ArrayDeque<>()).add(bin[thing]);
    }
    return new BestFit(bins, bin);
  }
}
