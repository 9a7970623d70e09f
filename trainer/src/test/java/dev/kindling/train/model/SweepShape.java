package dev.kindling.train.model;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ArbitrarySupplier;
import net.jqwik.api.Combinators;

/**
 * A model and a batch of any size, for libtorch to judge.
 *
 * @param groups heads of keys and values, which divide {@code heads}
 * @param ignored every how many-th label does not count, 0: none
 * @param lengths of the rows, 0 to {@code time}
 */
record SweepShape(int time, int layers, int heads, int groups, int headWidth, int inner, int vocabulary, boolean tied,
    int ignored, List<Integer> lengths) {
  static final String SEED = "12";
  static final int TRIES = 40;

  int width() {
    return heads * headWidth;
  }

  int rows() {
    return lengths.size();
  }

  int[] rowLengths() {
    return lengths.stream().mapToInt(Integer::intValue).toArray();
  }

  Batch batch() {
    return Samples.batch(vocabulary, time, ignored, rowLengths());
  }

  /** Edges come often: one token, one head, a group for each head, one head for all. */
  static final class Any implements ArbitrarySupplier<SweepShape> {
    @Override
    public Arbitrary<SweepShape> get() {
      Arbitrary<int[]> heads = Arbitraries.of(1, 2, 3, 4, 6).flatMap(
          h -> Arbitraries.of(Arrays.stream(new int[]{1, 2, 3, 4, 6}).filter(g -> h % g == 0).boxed().toList())
              .map(g -> new int[]{h, g}));
      Arbitrary<int[]> sizes = Combinators.combine(Arbitraries.of(1, 2, 3, 4, 8, 12).map(w -> 2 * w),
          Arbitraries.integers().between(1, 70), Arbitraries.integers().between(3, 150))
          .as((w, i, v) -> new int[]{w, i, v});
      return Arbitraries.integers().between(1, 40).flatMap(time -> Combinators.combine(
          Arbitraries.integers().between(1, 3), heads, sizes, Arbitraries.of(true, false), Arbitraries.of(0, 2, 5),
          Arbitraries.integers().between(0, time).list().ofMinSize(1).ofMaxSize(5))
          .as((layers, h, s, tied, ignored, lengths) -> new SweepShape(time, layers, h[0], h[1], s[0], s[1], s[2],
              tied, ignored, lengths)));
    }
  }
}
