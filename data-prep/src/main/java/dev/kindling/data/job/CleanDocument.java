package dev.kindling.data.job;

import java.io.Serializable;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** A document that is kept, on its way through the job. */
record CleanDocument(String id, String source, String file, long position, String text) implements Serializable {
  private static CleanDocument of(Row row) {
    return new CleanDocument(row.getString(0), row.getString(1), row.getString(2), row.getLong(3), row.getString(4));
  }

  /** The kept rows of a frame. */
  static JavaRDD<CleanDocument> in(Dataset<Row> frame) {
    return frame.where(Columns.kept())
        .select(Columns.ID, Columns.SOURCE, Columns.FILE, Columns.POSITION, Columns.TEXT)
        .javaRDD().map(CleanDocument::of);
  }
}
