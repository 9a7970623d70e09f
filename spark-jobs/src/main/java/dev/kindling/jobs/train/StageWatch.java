package dev.kindling.jobs.train;

import dev.kindling.jobs.train.DriverLine.Sign;
import dev.kindling.jobs.transport.RankLostException;
import dev.kindling.jobs.transport.WatchedTime;
import dev.kindling.train.loop.StopRequest;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaFutureAction;

/**
 * Follows a stage of ranks from the driver, and sees to what Spark does not: a stage that waits for ever for executors that
 * have gone, a process that is frozen (Spark would place the next rank on it), and executors that have come back.
 */
final class StageWatch {
  private static final long SECOND = 1_000_000_000L;
  private static final long LOOK_MILLIS = 200;
  private static final long SHORT = 2 * SECOND;            // fewer executors than ranks, before they have started
  private static final long STEADY = 3 * SECOND;           // more executors than ranks
  private static final long ENDING = 10 * SECOND;          // from a rank's failure to the stage's
  private final ExecutorPool executors;
  private final DriverLine line;
  private final RankStage stage;
  private final int most;
  private final long silence;
  private final Unheard unheard;
  private final WatchedTime watched;
  // times of the driver, all later where it was late itself
  private long begun;
  private long enough;                           // when there were last executors enough
  private long noMore;                           // when there were last no more executors than ranks
  private long failed;                           // when a rank's failure was first seen; 0: not

  StageWatch(ExecutorPool executors, DriverLine line, RankStage stage, int most) {
    this(executors, line, stage, most, System.nanoTime());
  }

  StageWatch(ExecutorPool executors, DriverLine line, RankStage stage, int most, long begun) {
    this.executors = executors;
    this.line = line;
    this.stage = stage;
    this.most = most;
    this.silence = stage.cluster().silence().toNanos();
    this.unheard = new Unheard(executors::ask, silence);
    this.watched = watched(begun);
    this.begun = begun;
    this.enough = begun;
    this.noMore = begun;
  }

  /** @return what the ranks returned; @throws RankLostException where one is missed; else what Spark throws */
  <R> List<R> until(JavaFutureAction<List<R>> job) throws Exception {
    while (true) {
      try {
        return job.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        Optional<String> missed = executors.isLocal() ? Optional.empty() : look(System.nanoTime());
        if (missed.isPresent()) {
          job.cancel(true);
          removeSilent();
          throw new RankLostException(missed.get());
        }
      } catch (ExecutionException e) {
        removeSilent();
        throw e.getCause() instanceof Exception cause ? cause : e;
      } catch (InterruptedException e) {
        job.cancel(true);
        throw e;
      }
    }
  }

  /** @return why the stage cannot go on */
  Optional<String> look(long now) {
    long missed = watched.missed(now);
    line.excuse(missed, now);
    excuse(watched.late(), now);
    List<Sign> signs = line.signs();
    if (signs.size() < stage.worldSize()) return notStarted(signs, now, missed);
    for (Sign s : signs) {
      if (!s.ended() && s.age(now) > silence) {
        return Optional.of("rank " + s.rank() + " in executor " + s.executor() + " has been silent for "
            + TimeUnit.NANOSECONDS.toMillis(s.age(now)) + " ms");
      }
    }
    if (line.failures().isEmpty()) {
      growIfMore(now);
    } else if (failed == 0) {
      failed = now;
    } else if (now - failed > ENDING) { return Optional.of(line.failures().get(0).message()); }
    return Optional.empty();
  }

  private void excuse(long late, long now) {
    begun = WatchedTime.excused(begun, late, now);
    enough = WatchedTime.excused(enough, late, now);
    noMore = WatchedTime.excused(noMore, late, now);
    if (failed != 0) failed = WatchedTime.excused(failed, late, now);
  }

  private WatchedTime watched(long now) {
    return new WatchedTime(TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS), Math.min(SECOND, silence / 2), now);
  }

  private Optional<String> notStarted(List<Sign> signs, long now, long missed) {
    List<ExecutorPool.Member> members = executors.members();
    if (members.size() >= stage.worldSize()) enough = now;
    if (now - enough > SHORT) {
      return Optional.of("before all ranks had started only " + members.size() + " of " + stage.worldSize()
          + " executors were left");
    }
    long patience = stage.cluster().start().toNanos();
    if (now - begun > patience) {
      return Optional.of(signs.size() + " of " + stage.worldSize() + " ranks started within "
          + patience / SECOND + " s");
    }
    Set<String> heard = signs.stream().map(Sign::executor).collect(Collectors.toSet());
    List<String> others = members.stream().map(ExecutorPool.Member::id).filter(id -> !heard.contains(id)).toList();
    Optional<String> frozen = unheard.frozen(others, now, missed);
    frozen.ifPresent(executors::replace);
    return frozen.map(id -> "executor " + id + " does not answer");
  }

  private void growIfMore(long now) {
    long usable = stage.worldSize() >= most
        ? 0
        : executors.members().stream().filter(m -> m.cores() >= stage.cores()).count();
    if (usable <= stage.worldSize()) {
      noMore = now;
    } else if (now - noMore > STEADY && line.order() == StopRequest.NONE) {
      line.say("there are " + usable + " executors now: from the next checkpoint on the run takes "
          + Math.min(most, usable));
      line.order(StopRequest.AT_CHECKPOINT);
    }
  }

  /** After a failure: a process that is frozen or cut off is ended, so that it gets no rank again. */
  private void removeSilent() throws InterruptedException {
    if (executors.isLocal()) return;
    long start = System.nanoTime();
    Goodbyes goodbyes = new Goodbyes(start, silence, watched(start));
    while (!goodbyes.areOver(waiting(), System.nanoTime())) Thread.sleep(LOOK_MILLIS / 2);
    long now = System.nanoTime();
    for (Sign s : goodbyes.missed(waiting(), now)) {
      executors.replace(s.executor());
      line.say("executor " + s.executor() + " gave no sign of life for " + TimeUnit.NANOSECONDS.toMillis(s.age(now))
          + " ms and was removed");
    }
  }

  /** Of ranks that have not said goodbye and whose executors are there. */
  private List<Sign> waiting() {
    return line.signs().stream().filter(s -> !s.ended() && executors.isActive(s.executor())).toList();
  }
}
