package dev.kindling.data.job;

import dev.kindling.data.decontaminate.DecontaminationSettings.Action;
import dev.kindling.data.decontaminate.EvaluationSets;
import dev.kindling.data.tokenizer.Fingerprint;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Documents that hold a piece of an evaluation set go, or are only listed.
 *
 * @param files with what to look for
 * @param action what to do
 */
public record Decontamination(EvaluationFiles files, Action action) implements CorpusStep {
  /** The columns of {@link #table}; FORMAT.md explains them. */
  public static final StructType TABLE = new StructType().add(Columns.ID, DataTypes.StringType, false)
      .add(Columns.SOURCE, DataTypes.StringType, false).add(Columns.FILE, DataTypes.StringType, false)
      .add(Columns.POSITION, DataTypes.LongType, false).add("action", DataTypes.StringType, false)
      .add("evaluation", DataTypes.StringType, false).add("runs", DataTypes.LongType, false)
      .add("words", DataTypes.IntegerType, false).add("start", DataTypes.IntegerType, false)
      .add("quoted", DataTypes.StringType, false);

  private static final int TEXT = Columns.SCHEMA.fieldIndex(Columns.TEXT);
  private static final int DROPPED = Columns.SCHEMA.fieldIndex(Columns.DROPPED);

  @Override
  public String name() {
    return "decontaminate";
  }

  @Override
  public Dataset<Row> apply(Dataset<Row> documents) {
    if (action == Action.FLAG) return documents;
    Broadcast<EvaluationSets> everywhere = broadcast(documents);
    String name = name();
    return documents.selectExpr(Columns.NAMES.toArray(String[]::new)).map((MapFunction<Row, Row>) document -> {
      if (!document.isNullAt(DROPPED)) return document;
      Optional<EvaluationSets.Match> match = everywhere.value().find(document.getString(TEXT));
      return match.isEmpty() ? document : dropped(document, name, match.get());
    }, Encoders.row(Columns.SCHEMA));
  }

  @Override
  public boolean onlyLooks() {
    return action == Action.FLAG;
  }

  /**
   * @param documents as {@link #apply} left them
   * @return a row for each document that was dropped or is flagged, of {@link #TABLE}, in the order of ids
   */
  public Dataset<Row> table(Dataset<Row> documents) {
    Broadcast<EvaluationSets> everywhere = broadcast(documents);
    String done = done();
    Column asked = action == Action.DROP
        ? functions.col(Columns.DROPPED).startsWith(name() + ": ")
        : Columns.kept();
    Dataset<Row> found = documents.where(asked).selectExpr(Columns.NAMES.toArray(String[]::new))
        .flatMap((FlatMapFunction<Row, Row>) document -> everywhere.value().find(document.getString(TEXT))
            .map(match -> List.of(row(document, done, match)).iterator()).orElse(Collections.emptyIterator()),
            Encoders.row(TABLE));
    return Frames.once(found).orderBy(Columns.ID);          // sorting looks at its rows twice
  }

  /** @param table of {@link #table}; @return SHA-256 over its rows in the order of ids, whatever files and partitions they are in */
  public static String digest(Dataset<Row> table) {
    MessageDigest digest = Fingerprint.digest();
    Iterator<Row> rows = table.selectExpr(TABLE.fieldNames()).orderBy(Columns.ID).toLocalIterator();
    while (rows.hasNext()) digest.update((rows.next().mkString("\t") + "\n").getBytes(StandardCharsets.UTF_8));
    return Fingerprint.hex(digest.digest());
  }

  /** @return what became of the documents: {@code dropped} or {@code flagged} */
  public String done() {
    return action == Action.DROP ? "dropped" : "flagged";
  }

  private Broadcast<EvaluationSets> broadcast(Dataset<Row> documents) {
    return JavaSparkContext.fromSparkContext(documents.sparkSession().sparkContext()).broadcast(files.sets());
  }

  private static Row dropped(Row document, String name, EvaluationSets.Match match) {
    Object[] values = new Object[document.length()];
    for (int i = 0; i < values.length; i++) values[i] = document.get(i);
    values[DROPPED] = String.format("%s: %d runs of words of %s, the first of %d words at character %d", name,
        match.count(),
        match.set(), match.words(), match.start());
    return RowFactory.create(values);
  }

  private static Row row(Row document, String done, EvaluationSets.Match match) {
    return RowFactory.create(document.get(0), document.get(1), document.get(2), document.get(3), done, match.set(),
        match.count(),
        match.words(), match.start(), match.quoted());
  }
}
