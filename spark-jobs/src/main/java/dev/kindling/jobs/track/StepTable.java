package dev.kindling.jobs.track;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.checkpoint.commit.FencedException;
import dev.kindling.jobs.table.RecordTable;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The run's table of steps, kept by rank 0: one Parquet file for the steps between two checkpoints, written just before the later of
 * them is committed.
 *
 * <pre>
 *   steps/000000000001-000000000500.parquet      whole before the checkpoint of step 500 is
 *   steps/000000000501-000000001000.parquet
 * </pre>
 *
 * So the table holds exactly the steps that the newest checkpoint has seen: a run that goes on from step S deletes what is later,
 * which was written for a checkpoint that never came, and each step is in one row, however often it was computed.
 */
public final class StepTable {
  /** Of a run's folder. */
  public static final String FOLDER = "steps";
  private static final Pattern NAME = Pattern.compile("(\\d{12,18})-(\\d{12,18})\\.parquet");
  private final RecordTable<StepRow> files;
  private final CheckpointStore store;
  private final FileSystem fs;
  private final Path folder;
  private final List<StepRow> rows = new ArrayList<>();    // not written yet, in the order of their steps

  /** @param run the run's folder */
  public StepTable(Configuration conf, Path run) {
    store = new CheckpointStore(conf, run);
    folder = new Path(run, FOLDER);
    fs = Storage.of(conf, folder);
    files = new RecordTable<>(conf, StepRow.class);
  }

  /**
   * The run goes on after this step; 0 for one that begins.
   *
   * @throws FencedException where an attempt newer than this one has taken the run over: the rows are its own
   */
  public synchronized void resumedAfter(long step, long attempt) throws IOException {
    store.refuseIfFenced(attempt, step + 1);
    rows.clear();
    for (Span part : parts()) {
      if (part.to <= step) continue;
      if (part.from <= step) {
        List<StepRow> kept = files.read(part.file).stream().filter(row -> row.step() <= step).toList();
        files.write(file(part.from, step), kept);
      }
      fs.delete(part.file, false);
    }
  }

  public synchronized void add(StepRow row) {
    rows.add(row);
  }

  /** The row that was added last was measured after. */
  public synchronized void evaluated(long step, double meanLoss) {
    int last = rows.size() - 1;
    if (last >= 0 && rows.get(last).step() == step) rows.set(last, rows.get(last).withValidationLoss(meanLoss));
  }

  /** Writes what is new up to the step whose checkpoint is about to be committed. May run beside {@link #add}. */
  public void committing(long step) throws IOException {
    List<StepRow> upTo;
    synchronized (this) {
      upTo = rows.stream().filter(row -> row.step() <= step).toList();
    }
    if (upTo.isEmpty()) return;
    files.write(file(upTo.get(0).step(), step), upTo);
    synchronized (this) {
      rows.subList(0, upTo.size()).clear();
    }
  }

  /** All rows that were written, in the order of their steps. */
  public List<StepRow> read() throws IOException {
    List<StepRow> all = new ArrayList<>();
    for (Span part : parts()) all.addAll(files.read(part.file));
    return all;
  }

  private Path file(long from, long to) {
    return new Path(folder, String.format("%012d-%012d.parquet", from, to));
  }

  private record Span(long from, long to, Path file) {}

  private List<Span> parts() throws IOException {
    List<Span> parts = new ArrayList<>();
    FileStatus[] there;
    try {
      there = fs.listStatus(folder);
    } catch (FileNotFoundException e) {
      return parts;
    }
    for (FileStatus each : there) {
      Matcher name = NAME.matcher(each.getPath().getName());
      if (name.matches()) {
        parts.add(new Span(Long.parseLong(name.group(1)), Long.parseLong(name.group(2)), each.getPath()));
      }
    }
    parts.sort((a, b) -> Long.compare(a.from, b.from));
    return parts;
  }
}
