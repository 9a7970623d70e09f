package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;

/**
 * Files that could not be read to their end. How many records that costs nobody knows, so they are counted whole, by their bytes.
 *
 * @param files that are lost, {@code of} all
 * @param percent of the bytes of all files
 * @param first of them by name, and why; empty where there is none
 */
record LostFiles(int files, int of, double percent, String first) {

  /** @param frame what was read of the documents, unreadable records among it */
  static LostFiles in(Dataset<Row> frame, Documents documents) {
    String lost = DocumentRows.UNREADABLE + ": " + DocumentRows.LOST_FILE;
    Column name = functions.col(Columns.FILE);
    List<Row> rows = frame.where(functions.col(Columns.DROPPED).startsWith(lost))
        .groupBy(functions.col(Columns.SOURCE), name).agg(functions.min(Columns.DROPPED)).collectAsList();
    Map<String, Long> all = documents.bytesByFile();
    Map<String, Row> files = new HashMap<>();
    for (Row row : rows) files.put(Documents.fileKey(row.getString(0), row.getString(1)), row);
    long bytes = files.keySet().stream().mapToLong(file -> all.getOrDefault(file, 0L)).sum();
    String first = rows.stream().min(Comparator.comparing((Row row) -> row.getString(1)))
        .map(row -> row.getString(1) + ": " + row.getString(2).substring(lost.length())).orElse("");
    return new LostFiles(files.size(), all.size(), bytes == 0 ? 0 : 100.0 * bytes / documents.bytes(), first);
  }

  /** @throws UserError where more is lost than is allowed */
  void verify(double maxRejectedPercent) {
    if (percent > maxRejectedPercent)
      throw new UserError(
          String.format("%,d of %,d files, %.3g%% of the bytes, could not be read to the end, such as %s",
              files, of, percent, first) + "; maxRejectedPercent allows " + maxRejectedPercent
              + "; mend the files, leave them out, or allow more");
  }
}
