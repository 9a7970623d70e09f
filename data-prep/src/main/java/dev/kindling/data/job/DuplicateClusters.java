package dev.kindling.data.job;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.functions;

/** How the duplicates that went hang together: a document that stays and those that went for it are a cluster. */
final class DuplicateClusters {
  private static final int LARGEST = 5;
  private static final int EXAMPLES = 3;

  private DuplicateClusters() {
  }

  /**
   * @param rows behind the last stage
   * @param former the dataset that they are added to, of which new documents may be like those that it dropped later
   * @return what each step for duplicates found
   */
  static List<PrepReport.Duplicates> of(Dataset<Row> rows, List<PrepStage> stages, Excerpts excerpts,
      Optional<Former> former) {
    List<PrepReport.Duplicates> found = new ArrayList<>();
    for (int i = 0; i < stages.size(); i++) {
      Gone gone = new Gone(rows, former.flatMap(dataset -> dataset.table(PrepTables.DROPPED)),
          stages.subList(i + 1, stages.size()).stream().flatMap(stage -> stage.steps().stream())
              .flatMap(step -> step.reasons().stream()).toList());
      for (CorpusStep step : stages.get(i).steps()) {
        if (step instanceof ExactDuplicates) found.add(of(rows, step.name(), ExactDuplicates.LIKE, excerpts, gone));
        if (step instanceof NearDuplicates) found.add(of(rows, step.name(), NearDuplicates.LIKE, excerpts, gone));
      }
    }
    return found;
  }

  /** Documents that went after they had stood for others: of another with the same id an earlier step may have spoken. */
  private record Gone(Dataset<Row> rows, Optional<Dataset<Row>> before, List<String> steps) {
    /** @return steps by the ids of what they dropped */
    Map<String, String> of(Object[] ids) {
      Map<String, String> gone = new HashMap<>();
      before.ifPresent(dropped -> add(dropped.withColumnRenamed("reason", Columns.DROPPED), ids, gone));
      add(rows.where(functions.not(Columns.kept())), ids, gone);
      return gone;
    }

    private void add(Dataset<Row> dropped, Object[] ids, Map<String, String> gone) {
      for (Row row : dropped.where(functions.col(Columns.ID).isin(ids)).select(Columns.ID, Columns.DROPPED)
          .collectAsList()) {
        String step = row.getString(1).split(": ", 2)[0];
        if (steps.contains(step)) gone.put(row.getString(0), step);
      }
    }
  }

  private static PrepReport.Duplicates of(Dataset<Row> rows, String step, String like, Excerpts excerpts,
      Gone later) {
    String begins = step + ": " + like;
    Column survivor = functions.expr("substring(" + Columns.DROPPED + ", " + (begins.length() + 1) + ")");
    Dataset<Row> clusters = rows.where(functions.col(Columns.DROPPED).startsWith(begins))
        .groupBy(survivor.as(Priority.SURVIVOR)).count();
    Map<Integer, Long> byPowers = new TreeMap<>();
    long documents = 0;
    long count = 0;
    for (Row size : clusters.groupBy(functions.col("count").as("gone")).count().collectAsList()) {
      long members = size.getLong(0) + 1;
      byPowers.merge(Long.SIZE - 1 - Long.numberOfLeadingZeros(members), size.getLong(1), Long::sum);
      documents += members * size.getLong(1);
      count += size.getLong(1);
    }
    List<PrepReport.Length> sizes = new ArrayList<>();
    byPowers.forEach((power, of) -> sizes.add(new PrepReport.Length(1L << power, (2L << power) - 1, of)));
    List<Row> largest = clusters.orderBy(functions.col("count").desc(), functions.col(Priority.SURVIVOR))
        .limit(LARGEST).collectAsList();
    return new PrepReport.Duplicates(step, count, documents, sizes,
        largest.isEmpty() ? List.of() : clusters(rows, begins, largest, excerpts, later));
  }

  private static List<PrepReport.Cluster> clusters(Dataset<Row> rows, String begins, List<Row> largest,
      Excerpts excerpts, Gone later) {
    Object[] survivors = largest.stream().map(row -> row.getString(0)).toArray();
    Map<String, String> texts = new HashMap<>();
    for (Row row : rows.where(functions.col(Columns.ID).isin(survivors)).select(Columns.ID, Columns.TEXT)
        .collectAsList())
      texts.put(row.getString(0), excerpts.of(row.getString(1)));
    Map<String, String> droppedBy = later.of(survivors);
    Object[] reasons = largest.stream().map(row -> begins + row.getString(0)).toArray();
    Map<String, List<PrepReport.Example>> gone = new HashMap<>();
    Column place = functions.row_number().over(Window.partitionBy(Columns.DROPPED).orderBy(Columns.ID));
    for (Row row : rows.where(functions.col(Columns.DROPPED).isin(reasons))
        .select(functions.col(Columns.DROPPED), functions.col(Columns.ID), functions.col(Columns.TEXT),
            place.as("place"))
        .where("place <= " + EXAMPLES).orderBy(Columns.DROPPED, "place").collectAsList())
      gone.computeIfAbsent(row.getString(0).substring(begins.length()), survivor -> new ArrayList<>())
          .add(new PrepReport.Example(row.getString(1), row.getString(0), excerpts.of(row.getString(2))));
    return largest.stream().map(row -> new PrepReport.Cluster(row.getString(0), row.getLong(1) + 1,
        texts.getOrDefault(row.getString(0), ""), droppedBy.get(row.getString(0)),
        gone.getOrDefault(row.getString(0), List.of()))).toList();
  }
}
