package dev.kindling.jobs.train;

import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.loop.StepFacts;
import dev.kindling.train.profile.Part;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Names ranks that the others wait for: over {@value #WINDOW} steps one took for a virtual rank's batches and passes half as long again
 * as the median of all others. Each is named once, and again when it has recovered in between.
 */
final class Stragglers {
  static final int WINDOW = 20;
  private static final double SLOW = 1.5;
  private final List<String> places;
  private final int[] virtualRanks;              // of each rank
  private final double[] busy;                   // nanoseconds a virtual rank, in this window
  private double waited;                         // nanoseconds of all ranks
  private double spent;
  private int steps;
  private int named = -1;

  /** @param places where each rank is, for the line */
  Stragglers(int virtualRanks, List<String> places) {
    this.places = places;
    int worldSize = places.size();
    VirtualRankTree tree = new VirtualRankTree(virtualRanks);
    this.virtualRanks = IntStream.range(0, worldSize).map(rank -> {
      VirtualRankTree.Node range = tree.range(rank, worldSize);
      return range.to() - range.from();
    }).toArray();
    busy = new double[worldSize];
  }

  /** @return a line for the user, now and then */
  Optional<String> next(StepFacts facts) {
    if (busy.length == 1) return Optional.empty();
    for (int rank = 0; rank < busy.length; rank++) {
      busy[rank] += (double) (facts.nanos(rank, Part.COMPUTE) + facts.nanos(rank, Part.DATA)) / virtualRanks[rank];
    }
    waited += facts.share(Part.WAIT) * facts.seconds();
    spent += facts.seconds();
    if (++steps < WINDOW) return Optional.empty();
    Optional<String> line = judged();
    Arrays.fill(busy, 0);
    steps = 0;
    waited = 0;
    spent = 0;
    return line;
  }

  private Optional<String> judged() {
    int slowest = IntStream.range(0, busy.length).reduce((a, b) -> busy[a] >= busy[b] ? a : b).orElse(0);
    double[] others = IntStream.range(0, busy.length).filter(rank -> rank != slowest).mapToDouble(rank -> busy[rank])
        .sorted().toArray();
    double median = others[others.length / 2];
    int before = named;
    named = busy[slowest] > SLOW * median ? slowest : -1;
    if (named < 0 || named == before) return Optional.empty();
    return Optional.of(String.format(Locale.ROOT,
        "rank %d is a straggler (executor %s): %.1f times as long as the others for the same work; over the last %d steps ranks waited"
            + " %.0f%% of their time",
        slowest, places.get(slowest), busy[slowest] / Math.max(1, median), WINDOW,
        100 * waited / Math.max(1e-9, spent)));
  }
}
