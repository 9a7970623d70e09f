package dev.kindling.jobs.train;

import dev.kindling.data.pack.PackedRow;
import dev.kindling.data.shard.DatasetMixture;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.jobs.track.DocumentLoss;
import dev.kindling.jobs.track.StepFiles;
import dev.kindling.train.loop.LabelLosses;
import dev.kindling.train.loop.PackedBatches;
import dev.kindling.train.tensor.CounterRandom;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.Path;

/**
 * What sampled steps lost on each document: the losses of single labels, which the model has in any case, are summed over the
 * documents of the rows that they are of. Which steps are sampled is a function of the run's seed and the step. Ranks hand their sums to
 * the first, which keeps the table as the steps' own is kept.
 */
final class DocumentLosses implements LabelLosses {
  private static final int MOST_WAITING = 20_000;          // rows, on the heap of the first rank: some 4 MiB
  private final Rank rank;
  private final double share;
  private final CounterRandom sampling;
  private final StepFiles<DocumentLoss> table;
  private final DatasetMixture datasets;
  private final List<DocumentLoss> ofStep = new ArrayList<>();
  private PackedBatches<?> batches;

  DocumentLosses(PretrainPlan plan, Rank rank) {
    this.rank = rank;
    datasets = plan.datasets();
    share = plan.config().tracking().documentLoss();
    sampling = CounterRandom.of(plan.config().train().seed(), DocumentLoss.FOLDER);
    table = new StepFiles<>(rank.conf(), new Path(plan.config().run()), DocumentLoss.FOLDER, DocumentLoss.class,
        DocumentLoss::step, MOST_WAITING);
  }

  /** Where the rows of a step are known. */
  void of(PackedBatches<?> source) {
    batches = source;
  }

  @Override
  public boolean wants(long step) {
    return sampling.uniform(step) < share;
  }

  @Override
  public void add(long step, int virtualRank, int accumulation, float[] losses) {
    if (losses.length == 0) return;
    PackedDataset dataset = batches.dataset();
    long[] rows = batches.rows(step, virtualRank, accumulation);
    for (int i = 0; i < rows.length; i++) {
      int member = datasets.memberOf(rows[i]);
      long row = rows[i] - datasets.firstRow(member);
      String folder = folder(member);
      int first = i * dataset.sequenceLength();              // the loss of the row's token 1
      boolean[] learned = dataset.learned(rows[i]);
      for (PackedRow.Span span : dataset.spans(rows[i])) {
        int counted = 0;
        double sum = 0;
        for (int token = span.start(); token < span.end(); token++) {
          if (!learned[token]) continue;
          sum += losses[first + token - 1];
          counted++;
        }
        if (counted > 0) ofStep.add(new DocumentLoss(step, row, span.document(), counted, sum, folder));
      }
    }
  }

  private String folder(int member) {
    return datasets.members().get(member).folder().toString();
  }

  /** All ranks, after each step. */
  void follow(long step) {
    if (!wants(step)) return;
    List<byte[]> all = rank.communicator().allGather(bytes(ofStep));
    ofStep.clear();
    if (rank.rank() > 0) return;
    try {
      table.add(step, all.stream().flatMap(each -> rows(step, each).stream()).toList());
    } catch (IOException e) {
      throw new UncheckedIOException("the losses of documents cannot be written: " + e.getMessage(), e);
    }
  }

  /** As {@link StepFiles} has it. */
  void resumedAfter(long step) throws IOException {
    table.resumedAfter(step, rank.epoch());
  }

  /** As {@link StepFiles} has it. */
  void committing(long step) throws IOException {
    table.committing(step);
  }

  private static byte[] bytes(List<DocumentLoss> rows) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      for (DocumentLoss row : rows) {
        text(out, row.document());
        out.writeLong(row.row());
        out.writeInt(row.tokens());
        out.writeDouble(row.loss());
        text(out, row.dataset());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("into memory", e);
    }
    return bytes.toByteArray();
  }

  private static List<DocumentLoss> rows(long step, byte[] bytes) {
    List<DocumentLoss> rows = new ArrayList<>();
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      while (in.available() > 0) {
        String document = text(in);
        rows.add(new DocumentLoss(step, in.readLong(), document, in.readInt(), in.readDouble(), text(in)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("from memory", e);
    }
    return rows;
  }

  private static void text(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static String text(DataInputStream in) throws IOException {
    return new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
  }
}
