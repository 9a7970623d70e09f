package dev.kindling.data.job;

import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;

/** Drops documents that contain a word. */
record WithoutWord(String name, String word) implements CorpusStep {
  @Override
  public Dataset<Row> apply(Dataset<Row> documents) {
    return documents.withColumn(Columns.DROPPED,
        functions.when(Columns.kept().and(functions.col(Columns.TEXT).contains(word)),
            functions.lit(name + ": it says " + word)).otherwise(functions.col(Columns.DROPPED)));
  }
}
