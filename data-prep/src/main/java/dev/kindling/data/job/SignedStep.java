package dev.kindling.data.job;

import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;

/**
 * A step that compares documents with one another by what stands for their texts. A dataset keeps these signatures, so that documents
 * that are added later are compared with those that it was made of.
 */
interface SignedStep extends CorpusStep {
  /** What stands for the documents that are kept so far; FORMAT.md has the columns. */
  Dataset<Row> signatures(Dataset<Row> documents);

  /**
   * As {@link CorpusStep#apply}.
   *
   * @param signed their signatures
   * @param older those of a dataset that is added to: what is in it stays, and of what is like it nothing is added
   */
  Dataset<Row> apply(Dataset<Row> documents, Dataset<Row> signed, Optional<Dataset<Row>> older);

  @Override
  default Dataset<Row> apply(Dataset<Row> documents) {
    Dataset<Row> signed = signatures(documents).persist(StorageLevel.MEMORY_AND_DISK());
    try {
      return apply(documents, signed, Optional.empty());
    } finally {
      signed.unpersist();
    }
  }
}
