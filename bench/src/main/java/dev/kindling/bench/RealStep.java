package dev.kindling.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Steps of real executors on this machine, for {@link Simulate} to compare with: {@link ScalingSide}s. */
final class RealStep {
  static final int VIRTUAL_RANKS = 4;
  static final int ACCUMULATE = 2;
  private static final int WINDOWS = 3;
  private static final double SECONDS = 10;

  private RealStep() {
  }

  /** @param hosts in the network namespaces of {@code bench/hosts}; @return seconds of a step, the median of the windows */
  static double seconds(int executors, int threads, boolean hosts) throws IOException {
    List<List<String>> commands = new ArrayList<>();
    for (int rank = 0; rank < executors; rank++) {
      List<String> command = new ArrayList<>(Scaling.on(rank, hosts));
      command.addAll(Train.ours(ScalingSide.class, "-Xmx192m", "" + rank, "" + executors, "" + threads, Simulate.MODEL,
          Simulate.PRECISION, "" + ACCUMULATE, Scaling.address(rank, hosts), "" + VIRTUAL_RANKS));
      commands.add(command);
    }
    TrainCase<?> of = TrainCase.of(Simulate.MODEL);
    double tokens = (double) VIRTUAL_RANKS * ACCUMULATE * of.batch() * of.time();
    try (Group group = new Group(executors + " executors", commands, executors > 1).ready()) {
      for (int i = 0; i < WINDOWS; i++) group.window(SECONDS);
      System.out.println(group.name() + ": " + group.rates() + " tokens/s");
      return tokens / Results.median(group.rates());
    }
  }
}
