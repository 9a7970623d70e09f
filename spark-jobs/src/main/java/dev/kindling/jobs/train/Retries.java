package dev.kindling.jobs.train;

import dev.kindling.jobs.transport.RankLostException;

/** How often a run may fail: a new checkpoint in between shows that it gets on, and the count begins anew. */
final class Retries {
  private final PretrainConfig config;
  private int failures;
  private long saved;

  Retries(PretrainConfig config) {
    this.config = config;
  }

  /** @param newest step that is saved; @throws RunGivenUpException where this was once too often */
  void failed(long newest, RankLostException why) {
    failures = newest > saved ? 1 : failures + 1;
    saved = Math.max(saved, newest);
    int allowed = config.cluster().retries();
    if (failures <= allowed) return;
    throw new RunGivenUpException("cluster.retries is " + allowed + "; the run failed "
        + (failures == 1 ? "once" : failures + " times in a row without a new checkpoint in between") + ", last: "
        + why.getMessage()
        + "; what is done is in " + config.run() + (newest == 0 ? "" : " (step " + newest + ")")
        + ": run again to go on, or raise cluster.retries", why);
  }
}
