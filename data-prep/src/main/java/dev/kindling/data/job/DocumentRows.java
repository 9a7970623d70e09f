package dev.kindling.data.job;

import dev.kindling.data.clean.Normalizer;
import dev.kindling.data.corpus.CorpusFile;
import dev.kindling.data.corpus.CorpusPiece;
import dev.kindling.data.corpus.CorpusRecord;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.corpus.Document;
import dev.kindling.data.corpus.Unreadable;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;

/** Reads the records of inputs, in pieces of files and in any order, as rows with the columns of {@link Columns#SCHEMA}. */
final class DocumentRows {
  /** What a row is dropped by that could not be read; its text is then an excerpt of what was found. */
  static final String UNREADABLE = "read";

  /** How the reason begins where the rest of a file could not be read, any number of records. */
  static final String LOST_FILE = "nothing more is read of this file: ";
  static final String WITHOUT_TEXT = "empty";
  private static final String EMPTY = WITHOUT_TEXT + ": no text is left";

  private static final long SMALLEST_PIECE = 1 << 20;
  private static final long LARGEST_PIECE = 128 << 20;

  private final SparkSession session;
  private final JavaSparkContext spark;
  private final Broadcast<HadoopSettings> settings;
  private final boolean strict;

  /** @param strict whether the first record that cannot be read fails the job */
  DocumentRows(SparkSession session, Broadcast<HadoopSettings> settings, boolean strict) {
    this.session = session;
    spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    this.settings = settings;
    this.strict = strict;
  }

  /** @param files of the input; none of a table; @param prefix what stands before the ids */
  JavaRDD<Row> of(CorpusSource source, List<CorpusFile> files, String prefix) {
    JavaRDD<CorpusRecord> records = source.format().isTable()
        ? TableRows.of(session, source).records(strict)
        : read(source, files);
    return records.map(record -> row(record, prefix));
  }

  private JavaRDD<CorpusRecord> read(CorpusSource source, List<CorpusFile> files) {
    long bytes = files.stream().mapToLong(CorpusFile::bytes).sum();
    long pieceBytes = Math.max(SMALLEST_PIECE,
        Math.min(LARGEST_PIECE, bytes / (spark.defaultParallelism() * 4L) + 1));
    List<CorpusPiece> pieces = CorpusPiece.cut(spark.hadoopConfiguration(), files, source.format(), pieceBytes);
    int partitions = (int) Math.min(Math.max(1, pieces.size()),
        Math.max(spark.defaultParallelism() * 4L, bytes / SMALLEST_PIECE + 1));
    Broadcast<HadoopSettings> hadoop = settings;
    boolean failing = strict;
    return spark.parallelize(pieces, partitions)
        .mapPartitions(some -> PieceRecords.inTask(hadoop.value().conf(), source, some, failing));
  }

  private static Row row(CorpusRecord record, String prefix) {
    if (record instanceof Unreadable unreadable)
      return RowFactory.create(prefix + unreadable.file() + "@" + unreadable.position(), unreadable.source(),
          unreadable.file(), unreadable.position(), unreadable.excerpt(),
          UNREADABLE + ": " + (unreadable.endsFile() ? LOST_FILE : "") + unreadable.reason());
    Document document = (Document) record;
    String text = Normalizer.normalize(document.text());
    return RowFactory.create(prefix + document.id(), document.source(), document.file(), document.position(), text,
        text.isEmpty() ? EMPTY : null);
  }
}
