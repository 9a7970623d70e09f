package dev.kindling.jobs.track;

import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** The run's table of steps, a row each, in {@link StepFiles}. */
public final class StepTable {
  /** Of a run's folder. */
  public static final String FOLDER = "steps";
  private final StepFiles<StepRow> files;

  /** @param run the run's folder */
  public StepTable(Configuration conf, Path run) {
    files = new StepFiles<>(conf, run, FOLDER, StepRow.class, StepRow::step, Integer.MAX_VALUE);
  }

  /** @see StepFiles#resumedAfter */
  public void resumedAfter(long step, long attempt) throws IOException {
    files.resumedAfter(step, attempt);
  }

  public void add(StepRow row) {
    files.add(row);
  }

  /** The row that was added last was measured after. */
  public void evaluated(long step, double meanLoss) {
    files.change(step, row -> row.withValidationLoss(meanLoss));
  }

  /** @see StepFiles#committing */
  public void committing(long step) throws IOException {
    files.committing(step);
  }

  /** All rows that were written, in the order of their steps. */
  public List<StepRow> read() throws IOException {
    return files.read();
  }
}
