package dev.kindling.jobs.track;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.checkpoint.commit.FencedException;
import dev.kindling.jobs.table.RecordTable;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A table of what happened in a run's steps, kept by rank 0: one Parquet file for the steps between two checkpoints, written just
 * before the later of them is committed.
 *
 * <pre>
 *   steps/000000000001-000000000500.parquet      whole before the checkpoint of step 500 is
 *   steps/000000000501-000000001000.parquet
 * </pre>
 *
 * So the table holds the steps that the newest checkpoint has seen: a run that goes on from step S deletes what is later, which was
 * written for a checkpoint that never came, and each step is there once, however often it was computed. Where rows are many, they are
 * written before their checkpoint is.
 *
 * @param <R> of its rows
 */
public final class StepFiles<R extends Record> {
  private static final Pattern NAME = Pattern.compile("(\\d{12,18})-(\\d{12,18})\\.parquet");
  private final RecordTable<R> files;
  private final ToLongFunction<R> stepOf;
  private final CheckpointStore store;
  private final FileSystem fs;
  private final Path folder;
  private final int mostWaiting;
  private final Object writing = new Object();   // held while a file is written, by one thread at a time
  private volatile long attempt;
  private final List<R> rows = new ArrayList<>();    // not written yet, in the order of their steps

  /** @param run the run's folder; @param name of the table in it; @param stepOf a row; @param mostWaiting rows that may wait for a checkpoint */
  public StepFiles(Configuration conf, Path run, String name, Class<R> type, ToLongFunction<R> stepOf,
      int mostWaiting) {
    store = new CheckpointStore(conf, run);
    folder = new Path(run, name);
    fs = Storage.of(conf, folder);
    files = new RecordTable<>(conf, type);
    this.stepOf = stepOf;
    this.mostWaiting = mostWaiting;
  }

  /**
   * The run goes on after this step; 0 for one that begins.
   *
   * @throws FencedException where an attempt newer than this one has taken the run over: the rows are its own
   */
  public synchronized void resumedAfter(long step, long attempt) throws IOException {
    store.refuseIfFenced(attempt, step + 1);
    this.attempt = attempt;
    rows.clear();
    for (Span part : parts()) {
      if (part.to <= step) continue;
      if (part.from <= step) {
        List<R> kept = files.read(part.file).stream().filter(row -> stepOf.applyAsLong(row) <= step).toList();
        if (!kept.isEmpty()) files.write(file(part.from, step), kept);
      }
      fs.delete(part.file, false);
    }
  }

  /** A step's row, after those of the steps before it. */
  public synchronized void add(R row) {
    rows.add(row);
  }

  /** All rows of a step, after those of the steps before it. An attempt that was taken over from writes nothing more. */
  public void add(long step, List<R> ofStep) throws IOException {
    boolean many;
    synchronized (this) {
      rows.addAll(ofStep);
      many = rows.size() > mostWaiting;
    }
    if (many && store.newestEpoch() <= attempt) committing(step);
  }

  /** Changes the row that was added last, if it is of that step. */
  synchronized void change(long step, UnaryOperator<R> how) {
    int last = rows.size() - 1;
    if (last >= 0 && stepOf.applyAsLong(rows.get(last)) == step) rows.set(last, how.apply(rows.get(last)));
  }

  /** Writes what is new up to the step whose checkpoint is about to be committed. May run beside {@link #add}. */
  public void committing(long step) throws IOException {
    synchronized (writing) {
      write(step);
    }
  }

  private void write(long step) throws IOException {
    List<R> upTo;
    synchronized (this) {
      upTo = rows.stream().filter(row -> stepOf.applyAsLong(row) <= step).toList();
    }
    if (upTo.isEmpty()) return;
    files.write(file(stepOf.applyAsLong(upTo.get(0)), step), upTo);
    synchronized (this) {
      rows.subList(0, upTo.size()).clear();
    }
  }

  /** All rows that were written, in the order of their steps. */
  public List<R> read() throws IOException {
    List<R> all = new ArrayList<>();
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
