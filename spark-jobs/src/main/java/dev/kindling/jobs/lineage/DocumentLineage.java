package dev.kindling.jobs.lineage;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.concat;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.udf;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.SampleOrder;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.DatasetMixture;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;

/** Which steps and checkpoints of a run saw documents. */
public final class DocumentLineage {
  private final TracedRun run;
  private final LineageTables tables;
  private final SparkSession spark;

  public DocumentLineage(SparkSession spark, TracedRun run) {
    this.spark = spark;
    this.run = run;
    tables = new LineageTables(spark, run);
  }

  /**
   * A document in a run.
   *
   * @param datasets that have it, one but where several are mixed
   * @param rows of its dataset that hold a part of it; none where it was held out from training
   * @param steps up to the newest checkpoint's that read one of them
   */
  public record Seen(String document, List<String> datasets, List<Long> rows, SortedSet<Long> steps) {}

  /** @throws UserError where the dataset has no such document */
  public Seen document(String id) {
    List<String> datasets = new ArrayList<>();
    List<Long> rows = new ArrayList<>();
    SortedSet<Long> steps = new TreeSet<>();
    for (int i = 0; i < run.datasets().members().size(); i++) {
      DatasetMixture.Member member = run.datasets().members().get(i);
      List<Long> own = rowsOf(member, member.info().training(), id);
      if (own.isEmpty() && rowsOf(member, member.info().heldOut(), id).isEmpty()) continue;
      datasets.add(member.folder().toString());
      rows.addAll(own);
      for (long row : own) steps.addAll(run.steps(run.datasets().firstRow(i) + row));
    }
    if (datasets.isEmpty()) throw unknown(id);
    return new Seen(id, datasets, rows, steps);
  }

  private List<Long> rowsOf(DatasetMixture.Member member, DatasetInfo.Part part, String id) {
    if (part.rows() == 0) return List.of();
    return tables.stretches(member, part).where(col("document").equalTo(id)).select("row").distinct().orderBy("row")
        .collectAsList().stream().map(row -> row.getLong(0)).toList();
  }

  /**
   * Documents that shall be forgotten.
   *
   * @param name of a file, {@code SOURCE: FILE} or the file alone, or of a document, by its id or its {@code SOURCE: FILE@POSITION}
   * @param documents that it stands for, those that were held out not counted
   * @param firstStep that read one of them; empty: none up to the newest checkpoint's
   */
  public record Forgotten(String name, long documents, OptionalLong firstStep) {
    private Forgotten plus(Forgotten other) {
      return new Forgotten(name, documents + other.documents,
          LongStream.concat(firstStep.stream(), other.firstStep.stream()).min());
    }
  }

  /**
   * @param names of files and of documents; @return in the same order
   * @throws UserError where the dataset has no document and no file of such a name
   */
  public List<Forgotten> forget(List<String> names) {
    Map<String, Forgotten> found = new HashMap<>();
    SampleOrder order = run.order();
    for (int i = 0; i < run.datasets().members().size(); i++) {
      DatasetMixture.Member member = run.datasets().members().get(i);
      long before = run.datasets().firstRow(i);
      Column first = udf((UDF1<Long, Long>) row -> order.place(0, before + row).step() + 1, DataTypes.LongType)
          .apply(col("row"));
      for (Row each : named(member, member.info().training(), names).groupBy("name")
          .agg(functions.countDistinct("document").as("documents"), functions.min(first).as("first")).collectAsList()) {
        long step = each.getLong(2);
        found.merge(each.getString(0), new Forgotten(each.getString(0), each.getLong(1),
            step <= run.trained() ? OptionalLong.of(step) : OptionalLong.empty()), Forgotten::plus);
      }
    }
    List<String> rest = names.stream().filter(name -> !found.containsKey(name)).toList();
    for (DatasetMixture.Member member : run.datasets().members()) {
      if (rest.isEmpty() || member.info().heldOut().rows() == 0) continue;
      for (Row each : named(member, member.info().heldOut(), rest).select("name").distinct().collectAsList())
        found.put(each.getString(0), new Forgotten(each.getString(0), 0, OptionalLong.empty()));
    }
    List<Forgotten> all = new ArrayList<>();
    for (String name : names) all.add(Optional.ofNullable(found.get(name)).orElseThrow(() -> unknown(name)));
    return all;
  }

  /** A row for each stretch of a document and each of the names that means it. */
  private Dataset<Row> named(DatasetMixture.Member member, DatasetInfo.Part part, List<String> names) {
    Dataset<Row> stretches = tables.stretches(member, part).select("row", "document");
    DocumentTable documents = tables.documents(member);
    if (!documents.isThere())
      return called(stretches, names, col("document"), LineageTables.fileOfId(col("document")));
    Column file = concat(col("source"), lit(": "), col("file"));
    Dataset<Row> meant = called(
        spark.read().parquet(documents.paths()).withColumnRenamed("id", "document"), names,
        col("document"), col("file"), file, concat(file, lit("@"), col("position")));
    return stretches.join(meant.select("document", "name").distinct(), "document");
  }

  /** A row for each name that is one of what a document is called. */
  private static Dataset<Row> called(Dataset<Row> documents, List<String> names, Column... called) {
    return documents.withColumn("name", explode(array(called))).where(col("name").isin(names.toArray()));
  }

  private UserError unknown(String name) {
    List<DatasetMixture.Member> members = run.datasets().members();
    String read = members.size() == 1 ? "version " + members.get(0).info().datasetVersion() + " of " : "";
    return new UserError(read + "the dataset in " + run.data() + ", which the run reads, has no document and no file '"
        + name
        + "': if that is its name, no checkpoint of the run has learned from it; documents are called as their ids say, files as in --step's lines");
  }
}
