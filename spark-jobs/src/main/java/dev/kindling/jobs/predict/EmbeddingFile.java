package dev.kindling.jobs.predict;

import dev.kindling.checkpoint.PendingFile;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.Closeable;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * A file of embeddings, JSON lines or Parquet as its name ends, with the same columns: id, text, tokens, embedding. It is
 * seen under its name only when it is whole.
 */
public sealed interface EmbeddingFile extends Closeable permits JsonLines, ParquetRows {
  void write(Embedding embedding) throws IOException;

  /** Makes the file visible; without it, closing leaves nothing. */
  void commit() throws IOException;

  /** @throws UserError where the name says no format, or a folder is there */
  static EmbeddingFile create(Configuration conf, Path target) throws IOException {
    String name = target.getName();
    if (!name.endsWith(".jsonl") && !name.endsWith(".parquet"))
      throw new UserError("--out is " + target + "; its name must end with .jsonl or .parquet");
    PendingFile out = PendingFile.create(Storage.of(conf, target), target);
    return name.endsWith(".jsonl") ? new JsonLines(out) : ParquetRows.of(out);
  }
}
