package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.corpus.CorpusFormat;
import dev.kindling.data.corpus.CorpusRecord;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.corpus.Document;
import dev.kindling.data.corpus.Example;
import dev.kindling.data.corpus.Unreadable;
import dev.kindling.data.tokenizer.Fingerprint;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.parser.ParseException;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;

/** Documents that are rows of a table or of what a query finds. Rows have no place of their own, so each must have an id. */
final class TableRows {
  private final CorpusSource source;
  private final Dataset<Row> rows;

  private TableRows(CorpusSource source, Dataset<Row> rows) {
    this.source = source;
    this.rows = rows;
  }

  /** @throws UserError where Spark finds no such table, does not understand the query, or a column is missing */
  static TableRows of(SparkSession session, CorpusSource source) {
    Dataset<Row> all = null;
    for (String path : source.paths()) {
      try {
        Dataset<Row> found = source.format() == CorpusFormat.TABLE ? session.table(path) : session.sql(path);
        Dataset<Row> more = found.select(column(source, found, source.fields().id(), source.fields().settings().id()),
            source.fields().examples() == Example.Kind.NONE
                ? column(source, found, source.fields().text(), source.fields().settings().text())
                : example(source, found),
            source.fields().source().isEmpty()
                ? functions.lit(source.name())
                : column(source, found, source.fields().source(), "sourceField"),
            functions.lit(path));
        all = all == null ? more : all.union(more);
      } catch (Exception e) {
        if (e instanceof AnalysisException || e instanceof ParseException)
          throw new UserError("input " + source.name() + ", " + path + ": " + e.getMessage(), e);
        throw e;
      }
    }
    return new TableRows(source, all);
  }

  /** The record as JSON, which is looked at as that of a line is. */
  private static Column example(CorpusSource source, Dataset<Row> rows) {
    List<String> names = source.fields().ofExample();
    Column[] fields = Arrays.stream(rows.columns()).filter(names::contains).map(rows::col).toArray(Column[]::new);
    if (fields.length == 0)
      throw new UserError("input " + source.name() + " has none of the columns " + String.join(", ", names)
          + " (there are " + String.join(", ", rows.columns()) + "), of which an example is made");
    return functions.to_json(functions.struct(fields));
  }

  private static Column column(CorpusSource source, Dataset<Row> rows, String name, String setting) {
    if (!Arrays.asList(rows.columns()).contains(name))
      throw new UserError("input " + source.name() + " has no column " + name + " (there are "
          + String.join(", ", rows.columns()) + "); name the right one with " + setting);
    return rows.col(name).cast(DataTypes.StringType);
  }

  /** @param strict whether the first row that is no document fails the job */
  JavaRDD<CorpusRecord> records(boolean strict) {
    CorpusSource from = source;
    return rows.javaRDD().map(row -> {
      CorpusRecord record = record(from, row);
      if (strict && record instanceof Unreadable wrong)
        throw new UserError("input " + from.name() + ", " + wrong.file() + ": " + wrong.reason());
      return record;
    });
  }

  private static CorpusRecord record(CorpusSource source, Row row) {
    String id = row.getString(0);
    String text = row.getString(1);
    String from = row.isNullAt(2) ? source.name() : row.getString(2);
    String table = row.getString(3);
    if (id == null)
      return new Unreadable(from, table, 0, "a row's id, in the column '" + source.fields().id()
          + "', is null; each row must have one", text == null ? "" : Unreadable.excerpt(text));
    if (text == null)
      return new Unreadable(from, table, 0, "the text of the row with the id '" + id + "' is null", "");
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > source.maxDocumentBytes())
      return new Unreadable(from, table, 0, String.format(
          "the text of the row with the id '%s' has %,d bytes; maxDocumentBytes allows %,d", id, bytes,
          source.maxDocumentBytes()), Unreadable.excerpt(text));
    return source.fields().examples() == Example.Kind.NONE
        ? new Document(id, from, table, 0, text)
        : Example.record(source.fields(), id, from, table, text);
  }

  /**
   * The sum of the rows' SHA-256 modulo 2^256, and their number: the same rows in any order give the same answer (the additive
   * multiset hash of Clarke et al. 2003, Incremental multiset hash functions).
   */
  String fingerprint() {
    List<String> parts = rows.javaRDD()
        .mapPartitions(partition -> {
          BigInteger sum = BigInteger.ZERO;
          long count = 0;
          while (partition.hasNext()) {
            Row row = partition.next();
            byte[] digest = Fingerprint.digest().digest((row.getString(0) + '\0' + row.getString(1) + '\0'
                + row.getString(2)).getBytes(StandardCharsets.UTF_8));
            sum = sum.add(new BigInteger(1, digest));
            count++;
          }
          return List.of(sum + " " + count).iterator();
        }).collect();
    BigInteger sum = BigInteger.ZERO;
    long count = 0;
    for (String part : parts) {
      int gap = part.indexOf(' ');
      sum = sum.add(new BigInteger(part.substring(0, gap)));
      count += Long.parseLong(part.substring(gap + 1));
    }
    return sum.mod(BigInteger.ONE.shiftLeft(256)).toString(16) + " " + count + "\n";
  }

  /** @param fingerprint of {@link #fingerprint}; @return the number of rows in it */
  static long count(String fingerprint) {
    return Long.parseLong(fingerprint.substring(fingerprint.indexOf(' ') + 1).strip());
  }
}
