package dev.kindling.train.profile;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a {@link Profile} found.
 *
 * @param steps that were measured
 * @param parts nanoseconds of each over all of them; together they are all the time
 * @param operations of the kernels in steps, the longest first
 * @param events of the first of the steps, in the order of their ends
 */
public record RankProfile(int rank, long steps, Map<Part, Long> parts, List<Operation> operations, List<Event> events)
    implements
      Serializable {
  public RankProfile {
    operations = new ArrayList<>(operations);
    events = new ArrayList<>(events);
  }

  /**
   * All calls of an operation with the same product.
   *
   * @param name as {@link dev.kindling.train.kernel.Kernels} has it; @param product null where it is none
   * @param ceiling operations a second that such a product reaches where nothing is in its way; 0 where it is none
   */
  public record Operation(String name, Product product, long calls, long nanos, double ceiling)
      implements
        Serializable {
    /** Floating-point operations a second; 0 where it is no product. */
    double rate() {
      return product == null ? 0 : product.flops() * calls / nanos * 1e9;
    }
  }

  /** Between two moments. @param product null where it is none; @param start nanoseconds since 1970 */
  public record Event(String name, Product product, boolean isPart, long start, long nanos) implements Serializable {}

  /** Nanoseconds of all parts. */
  long nanos() {
    return parts.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Nanoseconds of all parts of steps. */
  long stepNanos() {
    return nanos() - parts.getOrDefault(Part.EVALUATE, 0L) - parts.getOrDefault(Part.SAVE, 0L);
  }
}
