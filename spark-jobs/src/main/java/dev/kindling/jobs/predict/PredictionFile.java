package dev.kindling.jobs.predict;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.PendingFile;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.Closeable;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.schema.MessageType;

/**
 * A file with a row a text, JSON lines or Parquet as its name ends, with the same columns. It is seen under its name only when
 * it is whole.
 */
public sealed interface PredictionFile extends Closeable permits JsonLines, ParquetRows {
  /** @param row with a field a column, in their order */
  void write(ObjectNode row) throws IOException;

  /** Makes the file visible; without it, closing leaves nothing. */
  void commit() throws IOException;

  /**
   * @param columns texts, whole numbers, float32s, groups and lists, none of which is ever absent
   * @throws UserError where the name says no format, or a folder is there
   */
  static PredictionFile create(Configuration conf, Path target, MessageType columns) throws IOException {
    String name = target.getName();
    if (!name.endsWith(".jsonl") && !name.endsWith(".parquet"))
      throw new UserError("--out is " + target + "; its name must end with .jsonl or .parquet");
    PendingFile out = PendingFile.create(Storage.of(conf, target), target);
    return name.endsWith(".jsonl") ? new JsonLines(out) : ParquetRows.of(out, columns);
  }
}
