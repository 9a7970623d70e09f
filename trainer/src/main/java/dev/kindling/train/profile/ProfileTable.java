package dev.kindling.train.profile;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A profile in lines of text: the parts of a step for every rank, the operations of the first. */
public final class ProfileTable {
  private static final int MOST_OPERATIONS = 40;
  private static final double NANOS_OF_MILLI = 1e6;
  private static final double GIGA = 1e9;

  private ProfileTable() {
  }

  /** @param ranks at least one */
  public static List<String> of(List<RankProfile> ranks) {
    RankProfile first = ranks.get(0);
    if (first.steps() == 0) {
      return List.of("profile: none, as it begins after " + Profile.WARM_UP + " steps and the run had no more");
    }
    List<String> lines = new ArrayList<>();
    lines.add(String.format(Locale.ROOT, "profile of %,d steps, milliseconds a step", first.steps()));
    StringBuilder head = new StringBuilder(String.format("  %-10s", "part"));
    for (RankProfile rank : ranks) head.append(String.format("  %15s", "rank " + rank.rank()));
    lines.add(head.toString());
    for (Part part : Part.values()) {
      if (ranks.stream().allMatch(rank -> rank.parts().getOrDefault(part, 0L) == 0)) continue;
      StringBuilder line = new StringBuilder(String.format("  %-10s", part.label()));
      for (RankProfile rank : ranks) {
        long nanos = rank.parts().getOrDefault(part, 0L);
        line.append(String.format(Locale.ROOT, "  %9.2f %4.0f%%", nanos / NANOS_OF_MILLI / rank.steps(),
            100.0 * nanos / rank.nanos()));
      }
      lines.add(line.toString());
    }
    addOperations(first, lines);
    return lines;
  }

  private static void addOperations(RankProfile rank, List<String> lines) {
    lines.add(String.format(
        "operations of rank %d, shares of its steps: rows×inner×columns of products, GFLOP/s beside what that shape reaches alone",
        rank.rank()));
    lines.add(String.format("  %-46s  %8s  %15s  %8s  %8s", "operation", "calls", "ms", "GFLOP/s", "alone"));
    rank.operations().stream().limit(MOST_OPERATIONS).forEach(operation -> lines.add(line(operation, rank)));
    if (rank.operations().size() > MOST_OPERATIONS) {
      lines.add("  and " + (rank.operations().size() - MOST_OPERATIONS) + " more that took less");
    }
    lines.add(String.format(Locale.ROOT, "  alone: measured on at most %,d rows and %,d columns", Ceilings.MOST_ROWS,
        Ceilings.MOST_COLUMNS));
  }

  private static String line(RankProfile.Operation operation, RankProfile rank) {
    String name = operation.name() + (operation.product() == null ? "" : " " + operation.product());
    String line = String.format(Locale.ROOT, "  %-46s  %8.1f  %9.2f %4.0f%%", name,
        (double) operation.calls() / rank.steps(), operation.nanos() / NANOS_OF_MILLI / rank.steps(),
        100.0 * operation.nanos() / rank.stepNanos());
    if (operation.product() == null) return line;
    return line + String.format(Locale.ROOT, "  %8.1f  %8.1f", operation.rate() / GIGA, operation.ceiling() / GIGA);
  }
}
