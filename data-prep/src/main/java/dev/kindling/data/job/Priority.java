package dev.kindling.data.job;

import dev.kindling.data.dedup.DedupSettings;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.expressions.WindowSpec;
import org.apache.spark.sql.functions;

/**
 * Which of several equal documents stays: one of the dataset that is added to, then the one whose source was named first, then whose file comes first (by its bytes), then the
 * first in the file, then the smaller id.
 *
 * @param sources in the order in which the user named them; others come last, in the order of their names
 */
public record Priority(List<String> sources) implements Serializable {
  /** The id of the document that stays. */
  static final String SURVIVOR = "survivor";
  /** The id of a document that is not the first. */
  static final String LOSER = "loser";
  /** Boolean: whether a document is added to a dataset; those that are in it already come first and are never losers. */
  static final String ADDED = "added";

  public Priority { sources = List.copyOf(sources); }

  /** @return the steps that are on, in their order */
  public List<CorpusStep> steps(DedupSettings settings) {
    List<CorpusStep> steps = new ArrayList<>();
    if (settings.exact()) steps.add(new ExactDuplicates(this));
    settings.near().ifPresent(near -> steps.add(new NearDuplicates(near, this)));
    settings.paragraphs().ifPresent(paragraphs -> steps.add(new RepeatedParagraphs(paragraphs, this)));
    return steps;
  }

  /** @param older of a dataset that is added to; @return both, with {@link #ADDED} */
  static Dataset<Row> both(Dataset<Row> documents, Optional<Dataset<Row>> older) {
    Dataset<Row> added = documents.withColumn(ADDED, functions.lit(true));
    return older.map(before -> added.unionByName(before.withColumn(ADDED, functions.lit(false)))).orElse(added);
  }

  /** @param key of rows that have {@link #ADDED} */
  WindowSpec within(String key) {
    Column rank = functions.lit(sources.size());
    for (int i = sources.size() - 1; i >= 0; i--)
      rank = functions.when(functions.col(Columns.SOURCE).equalTo(sources.get(i)), i).otherwise(rank);
    return Window.partitionBy(key).orderBy(functions.col(ADDED), rank, functions.col(Columns.SOURCE),
        functions.col(Columns.FILE),
        functions.col(Columns.POSITION), functions.col(Columns.ID));
  }

  /** @param members rows with a key, {@link #ADDED} and the columns that name a document; @return {@link #LOSER} and {@link #SURVIVOR} for all but the first of a key */
  Dataset<Row> losers(Dataset<Row> members, String key) {
    WindowSpec group = within(key);
    return members.select(functions.col(Columns.ID).as(LOSER), functions.first(Columns.ID).over(group).as(SURVIVOR),
        functions.row_number().over(group).as("place"), functions.col(ADDED)).where("place > 1 and " + ADDED)
        .select(LOSER, SURVIVOR);
  }
}
