package dev.kindling.data.job;

import dev.kindling.data.clean.Outcome;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** A step that looks at each document by itself. */
interface DocumentStep extends CorpusStep {
  int TEXT = Columns.SCHEMA.fieldIndex(Columns.TEXT);
  int DROPPED = Columns.SCHEMA.fieldIndex(Columns.DROPPED);

  /** What becomes of the text of a document that is kept so far. */
  Outcome look(String text);

  @Override
  default Dataset<Row> apply(Dataset<Row> documents) {
    return documents.selectExpr(Columns.NAMES.toArray(String[]::new)).map((MapFunction<Row, Row>) this::looked,
        Encoders.row(Columns.SCHEMA));
  }

  private Row looked(Row document) {
    if (!document.isNullAt(DROPPED)) return document;
    Outcome outcome = look(document.getString(TEXT));
    Object[] values = new Object[document.length()];
    for (int i = 0; i < values.length; i++) values[i] = document.get(i);
    values[TEXT] = outcome.text();
    values[DROPPED] = outcome.dropped();
    return RowFactory.create(values);
  }
}
