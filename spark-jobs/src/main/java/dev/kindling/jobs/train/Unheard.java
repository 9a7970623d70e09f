package dev.kindling.jobs.train;

import dev.kindling.jobs.transport.WatchedTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.function.Function;

/**
 * The executors whose rank has not begun: each is asked whether its process lives, or a frozen one would be waited for as long as
 * one that fetches the application's jar. Processes start when processors are busiest, and nothing is computed that
 * could be late: one that does not answer is given more time than a rank that has fallen silent, and a sign of its rank is an answer too.
 */
final class Unheard {
  private static final int PATIENCE = 3;         // times the silence that is allowed to a rank

  private static final class Executor {
    private long since;                          // when it was last known to live, or else asked
    private Future<?> answer;                    // null: not asked yet

    private Executor(long since) {
      this.since = since;
    }
  }

  private final Function<String, ? extends Future<?>> ask;
  private final long silence;
  private final Map<String, Executor> unheard = new HashMap<>();

  /** @param ask is done when the executor of that name has answered, or has gone; @param silence nanoseconds allowed to a rank */
  Unheard(Function<String, ? extends Future<?>> ask, long silence) {
    this.ask = ask;
    this.silence = silence;
  }

  /**
   * Looks again.
   *
   * @param ids the executors without a sign of life of a rank; @param missed of the time since the last look, see {@link WatchedTime}
   * @return one that is frozen
   */
  Optional<String> frozen(Collection<String> ids, long now, long missed) {
    unheard.keySet().retainAll(ids);
    for (String id : ids) {
      Executor e = unheard.computeIfAbsent(id, first -> new Executor(now));
      e.since = WatchedTime.excused(e.since, missed, now);
      if (e.answer == null) {
        if (now - e.since > silence) {
          e.answer = ask.apply(id);
          e.since = now;
        }
      } else if (e.answer.isDone()) {
        e.answer = null;
        e.since = now;
      } else if (now - e.since > PATIENCE * silence) { return Optional.of(id); }
    }
    return Optional.empty();
  }
}
