package dev.kindling.data.job;

import dev.kindling.data.shard.DatasetInfo;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The tables about documents beside a dataset's shards; FORMAT.md has their columns. */
final class PrepTables {
  static final String DOCUMENTS = "documents";
  static final String DROPPED = "dropped";
  static final String REJECTED = "rejected";
  static final String DECONTAMINATED = "decontaminated";

  private static final long ROWS_PER_FILE = 500_000;

  static final String INPUTS = "inputs";

  private static final StructType INPUT = new StructType().add("input", DataTypes.StringType, false)
      .add("file", DataTypes.StringType, false).add("bytes", DataTypes.LongType, false)
      .add("sha256", DataTypes.StringType, false);

  static final StructType DOCUMENT = new StructType().add(Columns.ID, DataTypes.StringType, false)
      .add(Columns.SOURCE, DataTypes.StringType, false).add(Columns.FILE, DataTypes.StringType, false)
      .add(Columns.POSITION, DataTypes.LongType, false).add("characters", DataTypes.IntegerType, false)
      .add("tokens", DataTypes.IntegerType, false).add("heldOut", DataTypes.BooleanType, false);

  private final SparkSession session;
  private final OutputFolder output;
  private final Excerpts excerpts;

  PrepTables(SparkSession session, OutputFolder output, Excerpts excerpts) {
    this.session = session;
    this.output = output;
    this.excerpts = excerpts;
  }

  /** Every file that was read, so that later ones can be told from them. */
  void inputs(Documents documents) {
    List<Row> rows = documents.hashed().stream()
        .map(file -> RowFactory.create(file.input(), file.file(), file.bytes(), file.sha256())).toList();
    write(session.createDataFrame(rows, INPUT), rows.size(), INPUTS);
  }

  /** Every document that was packed, without its text; a table without a row is not written. */
  void documents(JavaPairRDD<StreamKey, EncodedDocument> documents, long count) {
    if (count == 0) return;
    Dataset<Row> rows = session.createDataFrame(documents.map(pair -> {
      StreamKey key = pair._1();
      EncodedDocument document = pair._2();
      return RowFactory.create(key.id(), document.source(), document.file(), document.position(),
          document.characters(), document.ids().length, key.heldOut());
    }), DOCUMENT);
    write(rows, count, DOCUMENTS);
  }

  /** What a step dropped, and what could not be read; a table without a row is not written. */
  void dropped(Dataset<Row> frame, StageCounts counts) {
    long rejected = counts.droppedBy(DocumentRows.UNREADABLE);
    long dropped = counts.records() - counts.documents() - rejected;
    Column unreadable = functions.col(Columns.DROPPED).startsWith(DocumentRows.UNREADABLE + ": ");
    Column excerpt = functions.udf((UDF1<String, String>) excerpts::of, DataTypes.StringType)
        .apply(functions.col(Columns.TEXT)).as("excerpt");
    Dataset<Row> all = frame.where(functions.not(Columns.kept()));
    if (dropped > 0) {
      write(all.where(functions.not(unreadable)).select(functions.col(Columns.ID), functions.col(Columns.SOURCE),
          functions.col(Columns.FILE), functions.col(Columns.POSITION), functions.col(Columns.DROPPED).as("reason"),
          excerpt), dropped, DROPPED);
    }
    if (rejected > 0) {
      int from = DocumentRows.UNREADABLE.length() + 2;
      Excerpts masks = excerpts;
      Column reason = functions
          .udf((UDF1<String, String>) why -> masks.masked(why.substring(from)), DataTypes.StringType)
          .apply(functions.col(Columns.DROPPED));                    // it may quote what was found
      write(all.where(unreadable).select(functions.col(Columns.SOURCE), functions.col(Columns.FILE),
          functions.col(Columns.POSITION), reason.as("reason"), excerpt), rejected, REJECTED);
    }
  }

  /**
   * The documents in which a step found pieces of evaluation sets; a table without a row is not written.
   *
   * @param before what was found in those of the dataset that is added to
   * @return what is known of both
   */
  DatasetInfo.Decontamination decontaminated(Decontamination step, Dataset<Row> frame,
      Optional<Dataset<Row>> before) {
    Dataset<Row> table = step.table(frame);
    long count = table.count();
    if (count > 0) write(table, count, DECONTAMINATED);
    Dataset<Row> all = before.map(table::unionByName).orElse(table);
    return new DatasetInfo.Decontamination(step.done(), count + before.map(Dataset::count).orElse(0L),
        Decontamination.digest(all), step.files().sha256());
  }

  /** A shuffle before the few files: without one, as few tasks would do all that comes before. */
  private void write(Dataset<Row> rows, long count, String name) {
    rows.repartition((int) Math.min(10_000, 1 + count / ROWS_PER_FILE)).write().mode("overwrite")
        .option("compression", "zstd").parquet(output.stage(name).toString());
  }

  static List<String> names() {
    return Stream.concat(Stream.of(INPUTS, DROPPED, REJECTED, DECONTAMINATED), named().stream()).toList();
  }

  /** Those that name the documents which the dataset has or compares with. */
  static List<String> named() {
    return List.of(DOCUMENTS, OutputFolder.beside("exact"), OutputFolder.beside("near"),
        OutputFolder.beside("paragraphs"));
  }
}
