package dev.kindling.data.job;

import dev.kindling.data.dedup.TextHash;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;

/**
 * Of documents with the same text, but for white space, one stays. Only hashes and names move between executors.
 *
 * @param priority says which
 */
public record ExactDuplicates(Priority priority) implements SignedStep {
  /** Stands in a reason before the id of the one that stays. */
  static final String LIKE = "the same text as ";

  private static final String HASH = "hash";

  @Override
  public String name() {
    return "exact";
  }

  @Override
  public Dataset<Row> signatures(Dataset<Row> documents) {
    UserDefinedFunction hash = functions.udf((UDF1<String, byte[]>) TextHash::of, DataTypes.BinaryType);
    return documents.where(Columns.kept()).select(functions.col(Columns.ID), functions.col(Columns.SOURCE),
        functions.col(Columns.FILE), functions.col(Columns.POSITION),
        hash.apply(functions.col(Columns.TEXT)).as(HASH));
  }

  @Override
  public Dataset<Row> apply(Dataset<Row> documents, Dataset<Row> signed, Optional<Dataset<Row>> older) {
    Optional<Dataset<Row>> same = older
        .map(before -> before.join(signed.select(HASH).distinct(), new String[]{HASH}, "left_semi"));
    return Frames.drop(documents, priority.losers(Priority.both(signed, same), HASH),
        functions.concat(functions.lit(name() + ": " + LIKE), functions.col(Priority.SURVIVOR)));
  }
}
