package dev.kindling.data.job;

import dev.kindling.data.dedup.ParagraphSettings;
import dev.kindling.data.dedup.Paragraphs;
import dev.kindling.data.dedup.TextHash;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Paragraphs that many documents share go; a document of which nothing is left is dropped. Paragraphs are the same when they differ
 * in white space only.
 *
 * @param settings which paragraphs
 * @param priority which document comes first
 */
public record RepeatedParagraphs(ParagraphSettings settings, Priority priority) implements SignedStep {
  private static final String HASH = "hash";
  private static final String HASHES = "hashes";
  private static final StructType OF_DOCUMENT = new StructType().add(Columns.ID, DataTypes.StringType, false)
      .add(Columns.SOURCE, DataTypes.StringType, false).add(Columns.FILE, DataTypes.StringType, false)
      .add(Columns.POSITION, DataTypes.LongType, false).add(HASH, DataTypes.BinaryType, false);

  @Override
  public String name() {
    return "paragraphs";
  }

  @Override
  public Dataset<Row> apply(Dataset<Row> documents, Dataset<Row> signed, Optional<Dataset<Row>> older) {
    Dataset<Row> paragraphs = Priority.both(signed, older
        .map(before -> before.join(signed.select(HASH).distinct(), new String[]{HASH}, "left_semi")));
    Dataset<Row> repeated = Frames.once(
        paragraphs.groupBy(HASH).count().where(functions.col("count").gt(settings.maxDocuments())).select(HASH));
    Dataset<Row> unwanted = paragraphs.join(repeated, HASH);
    if (settings.keepFirst())
      unwanted = unwanted.withColumn("place", functions.row_number().over(priority.within(HASH))).where("place > 1");
    unwanted = unwanted.where(Priority.ADDED);
    Dataset<Row> ofDocument = Frames.once(unwanted.groupBy(functions.col(Columns.ID).as(Priority.LOSER))
        .agg(functions.collect_list(HASH).as(HASHES)));
    return Frames.joined(documents, ofDocument).select(functions.col(Columns.ID), functions.col(Columns.SOURCE),
        functions.col(Columns.FILE), functions.col(Columns.POSITION), functions.col(Columns.TEXT),
        functions.col(Columns.DROPPED),
        functions.col(HASHES)).map((MapFunction<Row, Row>) this::without, Encoders.row(Columns.SCHEMA));
  }

  /** Each paragraph once for each document that is kept. */
  @Override
  public Dataset<Row> signatures(Dataset<Row> documents) {
    int shortest = settings.minCharacters();
    return documents.where(Columns.kept())
        .select(functions.col(Columns.ID), functions.col(Columns.SOURCE), functions.col(Columns.FILE),
            functions.col(Columns.POSITION), functions.col(Columns.TEXT))
        .flatMap((FlatMapFunction<Row, Row>) document -> Paragraphs.of(document.getString(4)).stream()
            .filter(paragraph -> isLong(paragraph, shortest)).map(paragraph -> ByteBuffer.wrap(TextHash.of(paragraph)))
            .distinct()
            .map(hash -> RowFactory.create(document.get(0), document.get(1), document.get(2), document.get(3),
                hash.array()))
            .iterator(), Encoders.row(OF_DOCUMENT));
  }

  private Row without(Row document) {
    Object[] values = new Object[Columns.SCHEMA.size()];
    for (int i = 0; i < values.length; i++) values[i] = document.get(i);
    List<byte[]> hashes = document.getList(document.fieldIndex(HASHES));
    if (hashes == null) return RowFactory.create(values);
    Set<ByteBuffer> unwanted = new HashSet<>();
    for (byte[] hash : hashes) unwanted.add(ByteBuffer.wrap(hash));
    String text = Paragraphs.without(document.getAs(Columns.TEXT),
        paragraph -> isLong(paragraph, settings.minCharacters())
            && unwanted.contains(ByteBuffer.wrap(TextHash.of(paragraph))));
    if (text.isBlank())
      values[Columns.SCHEMA.fieldIndex(Columns.DROPPED)] = name() + ": nothing but repeated paragraphs";
    else
      values[Columns.SCHEMA.fieldIndex(Columns.TEXT)] = text;
    return RowFactory.create(values);
  }

  private static boolean isLong(String paragraph, int shortest) {
    return paragraph.codePointCount(0, paragraph.length()) >= shortest;
  }
}
