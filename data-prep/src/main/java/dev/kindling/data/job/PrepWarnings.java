package dev.kindling.data.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;

/** What a user had better look at though nothing is wrong by itself: a line each, with what was found and what to change. */
final class PrepWarnings {
  private PrepWarnings() {
  }

  /** @param frame all records as they were read; @return a line for each input whose separator stands between no two documents */
  static List<String> separators(Dataset<Row> frame, Documents documents) {
    List<String> lines = new ArrayList<>();
    Column second = functions.col(Columns.POSITION).gt(0);
    documents.separators().forEach((input, separator) -> {
      if (!frame.where(functions.col(Columns.SOURCE).equalTo(input).and(second)).isEmpty()) return;
      lines.add(String.format(
          "Warning: the separator '%s' divides none of the %s of the input %s: each is one document;"
              + " set separator to what stands between documents",
          separator.replace("\r", "\\r").replace("\n", "\\n"),
          Count.of(documents.files(input), "file"), input));
    });
    return lines;
  }

  /** @param frame behind the step for examples; @param before it, of which {@code kept} are left; @return a line where most are not */
  static Optional<String> leftOut(Dataset<Row> frame, long before, long kept) {
    long gone = before - kept;
    if (2 * gone <= before) return Optional.empty();
    String begins = ExampleStep.NAME + ": ";
    Row most = frame.where(functions.col(Columns.DROPPED).startsWith(begins)).groupBy(Columns.DROPPED).count()
        .orderBy(functions.col("count").desc(), functions.col(Columns.DROPPED)).first();
    String why = most.getString(0).substring(begins.length());
    return Optional.of(String.format("Warning: %,d of %s are left out, %,d of them as %s; %s", gone,
        Count.of(before, "example"), most.getLong(1), why,
        why.contains(" within its first ")
            ? "a larger sequenceLength or shorter prompts keep more"
            : "the table " + PrepTables.DROPPED + " names each"));
  }

  /** @return a line where most examples are longer than what a row has for them */
  static Optional<String> cut(long cut, long examples, int sequenceLength) {
    if (2 * cut <= examples) return Optional.empty();
    return Optional.of(String.format("Warning: %,d of %s are too long and lose their ends; a sequenceLength above %,d"
        + " leaves more of them whole", cut, Count.of(examples, "example"), sequenceLength));
  }
}
