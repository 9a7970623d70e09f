package dev.kindling.train.loop;

import dev.kindling.train.profile.Part;
import dev.kindling.train.profile.Spans;

/**
 * What a rank's time goes to, counted in every run: some twenty readings of the clock a step. Who wants to know more is told of
 * the same moments.
 */
final class StepClock implements Spans {
  private final Spans other;
  private long[] nanos = new long[Part.values().length];
  private Part part = Part.OTHER;
  private long since = System.nanoTime();

  StepClock(Spans other) {
    this.other = other;
  }

  @Override
  public Part enter(Part next) {
    long now = System.nanoTime();
    nanos[part.ordinal()] += now - since;
    Part before = part;
    part = next;
    since = now;
    other.enter(next);
    return before;
  }

  @Override
  public void step() {
    other.step();
  }

  /** Nanoseconds by {@link Part} since the last call; together they are all the time. */
  long[] take() {
    enter(part);
    long[] taken = nanos;
    nanos = new long[taken.length];
    return taken;
  }
}
