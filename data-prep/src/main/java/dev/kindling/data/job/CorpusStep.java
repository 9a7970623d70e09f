package dev.kindling.data.job;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * One step of a corpus on its way, such as a filter or the removal of duplicates. Frames in and out have the columns of
 * {@link Columns#SCHEMA}.
 */
public interface CorpusStep extends Serializable {
  /** In reasons and in the report, such as {@code gopher.words}. */
  String name();

  /** What its reasons begin with, in the order in which it looks. */
  default List<String> reasons() {
    return List.of(name());
  }

  /**
   * Keeps every row. Of the rows that are kept so far it may change the text or set {@link Columns#DROPPED} to
   * {@code name: reason}; rows that an earlier step dropped are left as they are. The result is a function of the rows alone,
   * whatever their order and their partitions.
   */
  Dataset<Row> apply(Dataset<Row> documents);

  /** @return whether the step leaves every row as it is */
  default boolean onlyLooks() {
    return false;
  }
}
