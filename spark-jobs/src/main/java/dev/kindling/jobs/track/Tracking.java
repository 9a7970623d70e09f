package dev.kindling.jobs.track;

import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver's end: what rank 0 says of its run in words is taken to all who keep it. One that fails is warned of once and left
 * out until the next attempt; a training goes on whatever happens here.
 */
public final class Tracking {
  private static final Logger LOG = LoggerFactory.getLogger(Tracking.class);
  private static final String STARTED = "started", STEPPED = "stepped", EVALUATED = "evaluated", SAVED = "saved";
  private static final long PATIENCE_MILLIS = 15_000;
  private final Consumer<String> told;
  private final List<Tracker> trackers = new ArrayList<>();
  private final List<Tracker> failed = new ArrayList<>();

  private Tracking(Consumer<String> told) {
    this.told = told;
  }

  /**
   * @param run its folder; @param parameters its settings, by key
   * @param told is given lines for the user
   */
  public static Tracking of(TrackingSettings settings, Configuration conf, Path run, Map<String, String> parameters,
      Consumer<String> told) {
    Tracking tracking = new Tracking(told);
    if (settings.tensorboard()) tracking.trackers.add(new EventFile(conf, run));
    if (settings.report()) tracking.trackers.add(new ReportPage(conf, run, parameters));
    Map<String, String> environment = System.getenv();
    settings.mlflow().warning(environment).ifPresent(told);
    settings.mlflow().server(environment).ifPresent(uri -> tracking.trackers
        .add(new MlflowRun(settings.mlflow(), uri, environment, conf, run, parameters, told)));
    return tracking;
  }

  /** What rank 0 says at the start of an attempt. */
  public static String[] started(long firstStep, long steps, int ranks) {
    return new String[]{STARTED, Long.toString(firstStep), Long.toString(steps), Integer.toString(ranks)};
  }

  /** What rank 0 says after a step. */
  public static String[] stepped(StepRow row) {
    String[] words = row.toWords();
    String[] all = new String[words.length + 1];
    all[0] = STEPPED;
    System.arraycopy(words, 0, all, 1, words.length);
    return all;
  }

  /** What rank 0 says after an evaluation. */
  public static String[] evaluated(long step, double meanLoss) {
    return new String[]{EVALUATED, Long.toString(step), Double.toString(meanLoss)};
  }

  /** What rank 0 says of a checkpoint. */
  public static String[] saved(long step, String where) {
    return new String[]{SAVED, Long.toString(step), where};
  }

  /** @param words of one of the methods above */
  public synchronized void hear(String... words) {
    switch (words[0]) {
      case STARTED -> {
        failed.clear();
        each(t -> t.started(Long.parseLong(words[1]), Long.parseLong(words[2]), Integer.parseInt(words[3])));
      }
      case STEPPED -> {
        StepRow row = StepRow.ofWords(words, 1);
        each(t -> t.stepped(row));
      }
      case EVALUATED -> each(t -> t.evaluated(Long.parseLong(words[1]), Double.parseDouble(words[2])));
      case SAVED -> each(t -> t.saved(Long.parseLong(words[1]), words[2]));
      default -> LOG.warn("Not understood: {}", words[0]);
    }
  }

  /** The last step was done. */
  public void finished() {
    ended(Tracker.Status.FINISHED);
  }

  /** It was stopped early, and can go on. */
  public void stopped() {
    ended(Tracker.Status.KILLED);
  }

  public void failed() {
    ended(Tracker.Status.FAILED);
  }

  /** A file system that does not answer keeps no run from ending. */
  private void ended(Tracker.Status status) {
    Thread closing = new Thread(() -> {
      synchronized (this) {
        each(t -> t.ended(status));
      }
    }, "kindling-tracking");
    closing.setDaemon(true);
    closing.start();
    try {
      closing.join(PATIENCE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What one tracker does. */
  @FunctionalInterface
  private interface Act {
    void on(Tracker tracker) throws IOException;
  }

  private void each(Act act) {
    for (Tracker tracker : trackers) {
      if (failed.contains(tracker)) continue;
      try {
        act.on(tracker);
      } catch (IOException | RuntimeException e) {
        failed.add(tracker);
        LOG.warn("Tracking failed", e);
        String why = e instanceof UserError ? e.getMessage() : e.toString();
        told.accept("warning: " + tracker + " cannot be written, the training goes on without: "
            + why.lines().findFirst().orElse(""));
      }
    }
  }
}
