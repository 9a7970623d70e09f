package dev.kindling.data.job;

import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.storage.StorageLevel;

/** Small frames that steps compute once and join to the corpus. */
final class Frames {
  /** Rows that every executor can hold. */
  private static final long FEW = 200_000;

  private Frames() {
  }

  /**
   * The same rows, computed when first asked for and kept while somebody holds the frame, in memory or on disk; they are computed
   * again where an executor is lost. Plans that read it begin here.
   */
  static Dataset<Row> once(Dataset<Row> frame) {
    JavaRDD<Row> rows = frame.javaRDD().persist(StorageLevel.MEMORY_AND_DISK_SER());
    return frame.sparkSession().createDataFrame(rows, frame.schema());
  }

  /**
   * Sets the reason of some documents.
   *
   * @param losers at most one row a document, with its id in the column {@link Priority#LOSER}
   * @param reason from the columns of {@code losers}
   */
  static Dataset<Row> drop(Dataset<Row> documents, Dataset<Row> losers, Column reason) {
    Dataset<Row> known = once(losers.select(functions.col(Priority.LOSER), reason.as("reason")));
    return joined(documents, known).withColumn(Columns.DROPPED, functions.coalesce(functions.col(Columns.DROPPED),
        functions.col("reason"))).selectExpr(Columns.NAMES.toArray(String[]::new));
  }

  /**
   * @param known at most one row a document that is kept, by {@link Priority#LOSER}; few rows go to the documents, so that these stay
   *     where they are
   * @return all documents; those that were dropped before, or of which nothing is known, with nulls
   */
  static Dataset<Row> joined(Dataset<Row> documents, Dataset<Row> known) {
    Dataset<Row> right = known.count() <= FEW ? functions.broadcast(known) : known;
    return documents.join(right,
        documents.col(Columns.ID).equalTo(right.col(Priority.LOSER)).and(documents.col(Columns.DROPPED).isNull()),
        "left_outer");
  }
}
