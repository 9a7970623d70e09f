package dev.kindling.train.profile;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * What the time of one rank goes to, measured after its {@value #WARM_UP} first steps: totals of parts and operations over all
 * later steps, and the events of the first {@value #TRACED} of these. For one thread.
 */
public final class Profile implements Spans {
  /** Steps that are left out: what the JVM compiles in them, and what buffers grow, comes only once. */
  static final int WARM_UP = 2;
  /** Steps whose events are kept one by one. */
  static final int TRACED = 3;
  private static final int MOST_EVENTS = 200_000;
  private static final long NANOS_OF_MILLI = 1_000_000;
  private final long since1970 = System.currentTimeMillis() * NANOS_OF_MILLI - System.nanoTime();
  private final Map<Part, Long> parts = new EnumMap<>(Part.class);
  private final Map<Call, Total> calls = new LinkedHashMap<>();
  private final List<RankProfile.Event> events = new ArrayList<>();
  private Part part = Part.OTHER;
  private long since;
  private long begun;                            // steps
  private boolean measuring;
  private boolean tracing;

  private record Call(String name, Product product) {}

  private static final class Total {
    private long count;
    private long nanos;
  }

  @Override
  public void step() {
    enter(Part.OTHER);
    begun++;
    measuring = begun > WARM_UP;
    tracing = measuring && begun <= WARM_UP + TRACED;
  }

  @Override
  public Part enter(Part next) {
    long now = System.nanoTime();
    if (measuring) {
      parts.merge(part, now - since, Long::sum);
      keep(part.label(), null, true, since, now);
    }
    Part before = part;
    part = next;
    since = now;
    return before;
  }

  /** An operation of the kernels from one {@code nanoTime} to another. @param product null where it is none */
  void operation(String name, Product product, long start, long end) {
    if (!measuring || part == Part.EVALUATE) return;       // a step has none of these
    Total total = calls.computeIfAbsent(new Call(name, product), key -> new Total());
    total.count++;
    total.nanos += end - start;
    keep(name, product, false, start, end);
  }

  private void keep(String name, Product product, boolean isPart, long start, long end) {
    if (!tracing || events.size() == MOST_EVENTS) return;
    events.add(new RankProfile.Event(name, product, isPart, start + since1970, end - start));
  }

  /**
   * Ends the measuring.
   *
   * @param rank whose it is; @param ceiling operations a second that a product could reach, such as {@link Ceilings#of}
   */
  public RankProfile ended(int rank, ToDoubleFunction<Product> ceiling) {
    enter(Part.OTHER);
    measuring = false;
    List<RankProfile.Operation> operations = new ArrayList<>();
    calls.forEach((call, total) -> operations.add(new RankProfile.Operation(call.name(), call.product(), total.count,
        total.nanos, call.product() == null ? 0 : ceiling.applyAsDouble(call.product()))));
    operations.sort((a, b) -> Long.compare(b.nanos(), a.nanos()));
    return new RankProfile(rank, Math.max(0, begun - WARM_UP), new EnumMap<>(parts), operations, events);
  }
}
