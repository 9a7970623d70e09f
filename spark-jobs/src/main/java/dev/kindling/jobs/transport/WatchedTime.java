package dev.kindling.jobs.transport;

/**
 * How much of the time that went by a watcher may hold against those it watches. It looks at them again and again; where it comes
 * late to a look, because it got no processor or its process stood still, then what they sent may lie unread, and the time that
 * it missed itself proves nothing. A late look counts as two punctual ones and no more, so that a watcher that is always
 * late still finds what is frozen. Not for several threads.
 */
public final class WatchedTime {
  private final long most;                       // that counts between two looks
  private final long standstill;
  private long last;
  private long late;

  /** @param each nanoseconds between two looks; @param standstill between two looks, after which all begins anew; @param now first look */
  public WatchedTime(long each, long standstill, long now) {
    this.most = 2 * each;
    this.standstill = standstill;
    this.last = now;
  }

  /** At every look. @return nanoseconds since the last one that count for nothing; the longest there are after a standstill */
  public long missed(long now) {
    long gap = now - last;
    last = now;
    late = Math.max(0, gap - most);
    return gap > standstill ? Long.MAX_VALUE : late;
  }

  /**
   * Of that look, the nanoseconds which no limit of the watcher's own counts: nothing that lies unread would begin it anew, and it
   * must end where every look is late.
   */
  public long late() {
    return late;
  }

  /** When something counts as last heard of at {@code now}, with what was {@link #missed} since the last look. */
  public static long excused(long heard, long missed, long now) {
    return heard + Math.max(0, Math.min(missed, now - heard));
  }
}
