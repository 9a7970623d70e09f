package dev.kindling.jobs.train;

import dev.kindling.jobs.transport.RankLostException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How often a run may fail: a new checkpoint in between shows that it gets on, and the count begins anew. A rank that ends twice in
 * the same way from the same checkpoint would do so for ever: that is a bug or the data, and no loss.
 */
final class Retries {
  private static final Logger LOG = LoggerFactory.getLogger(Retries.class);
  private final ClusterSettings cluster;
  private final String run;
  private int failures;
  private long saved;
  private String last = "";                      // how a rank failed since the newest checkpoint

  Retries(ClusterSettings cluster, String run) {
    this.cluster = cluster;
    this.run = run;
  }

  /** @param newest step that is saved; @throws RunGivenUpException where this was once too often */
  void failed(long newest, RankLostException why) {
    boolean gotOn = newest > saved;
    failures = gotOn ? 1 : failures + 1;
    saved = Math.max(saved, newest);
    String what = why instanceof RankFailedException failed && !failed.mayPass() ? failed.what() : "";
    boolean again = !gotOn && !what.isEmpty() && what.equals(last);
    if (gotOn || !what.isEmpty()) last = what;
    if (why instanceof RankFailedException failed) LOG.error("{}\n{}", failed.getMessage(), failed.stack());
    String done = "what is done is in " + run + (newest == 0 ? "" : " (step " + newest + ")");
    if (again) {
      throw new RunGivenUpException("the run failed twice in the same way from the same "
          + (newest == 0 ? "start" : "checkpoint") + ": " + told(why) + "; " + done
          + ": run again to go on when the cause is mended", why);
    }
    int allowed = cluster.retries();
    if (failures <= allowed) return;
    throw new RunGivenUpException("cluster.retries is " + allowed + "; the run failed "
        + (failures == 1 ? "once" : failures + " times in a row without a new checkpoint in between") + ", last: "
        + told(why) + "; " + done + ": run again to go on, or raise cluster.retries", why);
  }

  /** With the place in the code, and where all of the stack is. */
  private static String told(RankLostException why) {
    if (!(why instanceof RankFailedException failed)) return why.getMessage();
    Optional<String> place = failed.stack().lines().map(String::strip).filter(l -> l.startsWith("at ")).findFirst();
    String log = System.getenv("KINDLING_LOG");
    return why.getMessage() + place.map(at -> ", " + at).orElse("") + " (the whole stack is in the driver's log"
        + (log == null ? "" : ", " + log) + ")";
  }
}
