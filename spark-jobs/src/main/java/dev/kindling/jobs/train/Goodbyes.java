package dev.kindling.jobs.train;

import dev.kindling.jobs.train.DriverLine.Sign;
import dev.kindling.jobs.transport.WatchedTime;
import java.util.List;

/**
 * What is waited for when a stage has failed: that each rank says goodbye, gives another sign of life, or goes with its executor. A
 * process that has done nothing of this when the time is up is frozen, or cut off; time that the driver missed itself is none.
 */
final class Goodbyes {
  private static final long MORE = 1_000_000_000L;
  private final long start;
  private final long silence;
  private final WatchedTime watched;
  private long from;                             // later where the driver itself was late

  /** @param silence nanoseconds allowed to a rank; @param watched begins at {@code start} */
  Goodbyes(long start, long silence, WatchedTime watched) {
    this.start = start;
    this.silence = silence;
    this.watched = watched;
    this.from = start;
  }

  /** Looks again. @param waiting signs of ranks that have not said goodbye and whose executors are there */
  boolean areOver(List<Sign> waiting, long now) {
    from = WatchedTime.excused(from, watched.missed(now), now);
    return now - from >= silence / 2 + MORE || waiting.stream().noneMatch(this::isFormer);
  }

  /** Those that are frozen, once all is over. */
  List<Sign> missed(List<Sign> waiting, long now) {
    return waiting.stream().filter(sign -> isFormer(sign) && sign.age(now) > silence / 2).toList();
  }

  private boolean isFormer(Sign sign) {
    return sign.nanos() - start <= 0;
  }
}
