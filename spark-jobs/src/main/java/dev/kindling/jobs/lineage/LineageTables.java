package dev.kindling.jobs.lineage;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.regexp_extract;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import dev.kindling.checkpoint.Storage;
import dev.kindling.data.pack.SampleOrder;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.DatasetMixture;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The lineage of a run as tables, for Spark SQL and everything else that reads Parquet:
 *
 * <pre>
 *   lineage/sequences     a row a stretch of a document in a sequence of a step, up to the newest checkpoint's:
 *                         step, virtualRank, sample, row, document, start, end, offset, character, source, file, position, dataset
 *   lineage/checkpoints   a row a checkpoint that is there: step, attempt, path
 * </pre>
 */
public final class LineageTables {
  /** Of a run's folder. */
  public static final String FOLDER = "lineage";
  private static final String UNFINISHED = "_" + FOLDER;
  private static final long FORGOTTEN_MILLIS = 24L * 60 * 60 * 1000;

  private static final StructType CHECKPOINT = new StructType().add("step", DataTypes.LongType, false)
      .add("attempt", DataTypes.LongType, false).add("path", DataTypes.StringType, false);

  private final SparkSession spark;
  private final TracedRun run;

  public LineageTables(SparkSession spark, TracedRun run) {
    this.spark = spark;
    this.run = run;
  }

  /**
   * Writes both; those of an earlier call are there until both are whole, and go just before these take their name. Calls at the same
   * time do not see each other; the tables are then those of one of them. A call that is killed leaves {@code _lineage.*}, which the
   * first one a day later clears away.
   *
   * @return their folder
   */
  public Path write() throws IOException {
    Path folder = new Path(run.folder(), FOLDER);
    Path unfinished = new Path(run.folder(), UNFINISHED + "." + UUID.randomUUID());
    FileSystem files = Storage.of(spark.sparkContext().hadoopConfiguration(), folder);
    clearForgotten(files);
    try {
      sequences().repartitionByRange(col("step")).sortWithinPartitions("step", "virtualRank", "sample", "start").write()
          .option("compression", "zstd").parquet(new Path(unfinished, "sequences").toString());
      checkpoints().coalesce(1).write().parquet(new Path(unfinished, "checkpoints").toString());
      publish(files, unfinished, folder);
    } finally {
      files.delete(unfinished, true);
    }
    return folder;
  }

  /** By renames alone: what takes the name, or leaves it, is whole, also where another call does the same. */
  private static void publish(FileSystem files, Path unfinished, Path folder) throws IOException {
    Path former = unfinished.suffix(".former");
    try {
      moveAway(files, folder, former);
      boolean moved = files.rename(unfinished, folder);
      if (!moved && !files.exists(folder)) throw new IOException("could not move " + unfinished + " to " + folder);
      // Another call's tables took the name in between: file systems then move these into them, or refuse to.
      files.delete(new Path(folder, unfinished.getName()), true);
    } finally {
      files.delete(former, true);
    }
  }

  private static void moveAway(FileSystem files, Path folder, Path former) throws IOException {
    try {
      if (files.exists(folder)) files.rename(folder, former);
    } catch (FileNotFoundException e) {
      // Another call has moved it away.
    }
  }

  private void clearForgotten(FileSystem files) throws IOException {
    FileStatus[] found = files.globStatus(new Path(run.folder(), UNFINISHED + "*"));
    for (FileStatus one : found == null ? new FileStatus[0] : found) {
      if (System.currentTimeMillis() - newest(files, one) > FORGOTTEN_MILLIS) files.delete(one.getPath(), true);
    }
  }

  /** When the last of the files in a folder was written; no object store tells that of a folder itself. */
  private static long newest(FileSystem files, FileStatus folder) throws IOException {
    if (!folder.isDirectory()) return folder.getModificationTime();
    try {
      FileStatus[] children = files.listStatus(folder.getPath());
      long newest = children.length == 0 ? folder.getModificationTime() : 0;
      for (FileStatus child : children) newest = Math.max(newest, newest(files, child));
      return newest;
    } catch (FileNotFoundException e) {
      return System.currentTimeMillis();                     // its call has just finished
    }
  }

  private Dataset<Row> checkpoints() {
    List<Row> rows = run.checkpoints().stream()
        .map(saved -> RowFactory.create(saved.step(), saved.attempt(), saved.path())).toList();
    return spark.createDataFrame(rows, CHECKPOINT);
  }

  private Dataset<Row> sequences() {
    SampleOrder order = run.order();
    UserDefinedFunction row = udf((UDF3<Long, Integer, Integer, Long>) (step, rank, sample) -> order.row(step - 1, rank,
        sample), DataTypes.LongType);
    Dataset<Row> samples = spark.range(1, run.trained() + 1).toDF("step")
        .withColumn("virtualRank", expr("explode(sequence(0, " + (order.virtualRanks() - 1) + "))"))
        .withColumn("sample", expr("explode(sequence(0, " + (order.samplesPerRank() - 1) + "))"))
        .withColumn("row", row.apply(col("step"), col("virtualRank"), col("sample")));
    Dataset<Row> all = null;
    for (int i = 0; i < run.datasets().members().size(); i++) {
      DatasetMixture.Member member = run.datasets().members().get(i);
      long first = run.datasets().firstRow(i);
      Dataset<Row> own = samples.withColumn("row", col("row").minus(first));
      Dataset<Row> more = located(own.join(stretches(member, member.info().training()), "row").select("step",
          "virtualRank", "sample", "row", "document", "start", "end", "offset", "character"), member)
          .withColumn("dataset", lit(member.folder().toString()));
      all = all == null ? more : all.union(more);
    }
    return all;
  }

  /** A row a stretch of a document in a row of a part of the dataset. */
  Dataset<Row> stretches(DatasetMixture.Member member, DatasetInfo.Part part) {
    String[] shards = part.shards().stream().map(shard -> new Path(member.folder(), shard.file()).toString())
        .toArray(String[]::new);
    Dataset<Row> all = spark.read().parquet(shards).select(col("row"), expr("inline(spans)"));
    boolean told = Arrays.asList(all.columns()).contains("character");
    return told ? all : all.withColumn("character", lit(null).cast(DataTypes.LongType));
  }

  /** With source, file and position of the document, null where nothing tells. */
  private Dataset<Row> located(Dataset<Row> stretches, DatasetMixture.Member member) {
    DocumentTable table = documents(member);
    Column text = lit(null).cast(DataTypes.StringType);
    if (table.isThere()) {
      Dataset<Row> origins = spark.read().parquet(table.paths())
          .select(col("id").as("document"), col("source"), col("file"), col("position"));
      return stretches.join(origins, new String[]{"document"}, "left").select("step", "virtualRank", "sample", "row",
          "document", "start", "end", "offset", "character", "source", "file", "position");
    }
    return stretches.withColumn("source", text).withColumn("file", fileOfId(col("document")))
        .withColumn("position", ofId(col("document"), 2).cast(DataTypes.LongType));
  }

  DocumentTable documents(DatasetMixture.Member member) {
    return DocumentTable.of(spark.sparkContext().hadoopConfiguration(), member);
  }

  /** The file of an id that is a place; null for another one. */
  static Column fileOfId(Column id) {
    return ofId(id, 1);
  }

  private static Column ofId(Column id, int group) {
    Column part = regexp_extract(id, Origin.PLACE, group);
    return when(part.notEqual(""), part);
  }
}
