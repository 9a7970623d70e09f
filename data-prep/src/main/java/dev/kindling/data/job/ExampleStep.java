package dev.kindling.data.job;

import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** Examples of which nothing can be learned are dropped: their template refuses them, no token of a completion is left, or there is no text. */
record ExampleStep(SharedExamples examples) implements CorpusStep {
  static final String NAME = "examples";
  private static final int TEXT = Columns.SCHEMA.fieldIndex(Columns.TEXT);
  private static final int DROPPED = Columns.SCHEMA.fieldIndex(Columns.DROPPED);

  /** The stage behind all others. @param tokenizer its fingerprint */
  static PrepStage stage(SharedExamples examples, String tokenizer) {
    StringBuilder settings = new StringBuilder("tokenizer=" + tokenizer);
    examples.settings().forEach((key, value) -> settings.append(", ").append(key).append('=').append(value));
    return new PrepStage(NAME, List.of(new ExampleStep(examples)), settings.toString());
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Dataset<Row> apply(Dataset<Row> documents) {
    return documents.selectExpr(Columns.NAMES.toArray(String[]::new)).map((MapFunction<Row, Row>) this::apply,
        Encoders.row(Columns.SCHEMA));
  }

  private Row apply(Row document) {
    if (!document.isNullAt(DROPPED)) return document;
    Optional<String> refusal = examples.refusal(document.getString(TEXT));
    if (refusal.isEmpty()) return document;
    Object[] values = new Object[document.length()];
    for (int i = 0; i < values.length; i++) values[i] = document.get(i);
    values[DROPPED] = name() + ": " + refusal.get();
    return RowFactory.create(values);
  }
}
