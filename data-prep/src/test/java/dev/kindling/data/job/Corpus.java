package dev.kindling.data.job;

import dev.kindling.data.SparkInTests;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** Small corpora as frames, and what steps made of them. */
final class Corpus {
  private Corpus() {
  }

  static Row document(String id, String text) {
    return document(id, "corpus", "in.jsonl", 0, text);
  }

  static Row document(String id, String source, String file, long position, String text) {
    return RowFactory.create(id, source, file, position, text, null);
  }

  static Dataset<Row> of(List<Row> documents) {
    return SparkInTests.session().createDataFrame(documents, Columns.SCHEMA);
  }

  /** Ids of the documents that were dropped, with the reasons. */
  static Map<String, String> dropped(Dataset<Row> documents) {
    Map<String, String> reasons = new TreeMap<>();
    for (Row row : documents.collectAsList()) {
      if (row.getAs(Columns.DROPPED) != null) reasons.put(row.getString(0), row.getAs(Columns.DROPPED));
    }
    return reasons;
  }

  /** Ids with texts of all documents. */
  static Map<String, String> texts(Dataset<Row> documents) {
    Map<String, String> texts = new TreeMap<>();
    for (Row row : documents.collectAsList()) texts.put(row.getString(0), row.getAs(Columns.TEXT));
    return texts;
  }

  /** With another number of partitions of every shuffle. */
  static <T> T shuffled(int partitions, Supplier<T> work) {
    String key = "spark.sql.shuffle.partitions";
    String before = SparkInTests.session().conf().get(key);
    SparkInTests.session().conf().set(key, partitions);
    try {
      return work.get();
    } finally {
      SparkInTests.session().conf().set(key, before);
    }
  }
}
