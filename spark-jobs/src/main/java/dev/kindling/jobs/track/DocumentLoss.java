package dev.kindling.jobs.track;

/**
 * A row of a run's table of documents' losses: what a step lost on a document in one of its rows.
 *
 * @param step counted from 1; @param row of its dataset; @param document its id
 * @param tokens of the document that were predicted there, its end included
 * @param loss their sum, in nats
 * @param dataset the folder of the one that the row is of, absolute, as lineage tells it
 */
public record DocumentLoss(long step, long row, String document, int tokens, double loss, String dataset) {
  /** Of a run's folder. */
  public static final String FOLDER = "document-losses";
}
