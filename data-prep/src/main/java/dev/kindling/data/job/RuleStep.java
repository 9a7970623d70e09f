package dev.kindling.data.job;

import dev.kindling.data.clean.CleanSettings;
import dev.kindling.data.clean.Outcome;
import dev.kindling.data.clean.Rule;
import java.util.List;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * A cleaning rule as a step of the corpus. A document that it leaves without text is dropped.
 *
 * @param rule applied to the text of each document that is still kept
 */
public record RuleStep(Rule rule) implements CorpusStep {
  private static final int TEXT = Columns.SCHEMA.fieldIndex(Columns.TEXT);
  private static final int DROPPED = Columns.SCHEMA.fieldIndex(Columns.DROPPED);

  /** @return the rules that are on, in their order */
  public static List<CorpusStep> of(CleanSettings settings) {
    return settings.rules().stream().<CorpusStep>map(RuleStep::new).toList();
  }

  @Override
  public String name() {
    return rule.name();
  }

  @Override
  public Dataset<Row> apply(Dataset<Row> documents) {
    return documents.selectExpr(Columns.NAMES.toArray(String[]::new)).map((MapFunction<Row, Row>) this::apply,
        Encoders.row(Columns.SCHEMA));
  }

  private Row apply(Row document) {
    if (!document.isNullAt(DROPPED)) return document;
    Outcome outcome = rule.apply(document.getString(TEXT));
    Object[] values = new Object[document.length()];
    for (int i = 0; i < values.length; i++) values[i] = document.get(i);
    if (outcome.isKept() && outcome.text().isBlank()) {
      values[DROPPED] = name() + ": no text is left";
    } else {
      values[TEXT] = outcome.text();
      values[DROPPED] = outcome.dropped();
    }
    return RowFactory.create(values);
  }
}
