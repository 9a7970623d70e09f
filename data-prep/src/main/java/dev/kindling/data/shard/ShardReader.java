package dev.kindling.data.shard;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.PackedRow;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.security.AccessControlException;
import org.apache.parquet.HadoopReadOptions;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.ColumnDescriptor;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.impl.ColumnReadStoreImpl;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;

/** Reads row groups of a shard column by column into int arrays, checksums verified. */
final class ShardReader {
  private static final ColumnDescriptor TARGETS = ShardSchema.TOKENS.getColumns().get(0);
  private static final ColumnDescriptor TOKENS = ShardSchema.TOKENS.getColumns().get(1);

  private static final int SPAN_LEVEL = ShardSchema.SPANS.getColumns().get(0).getMaxDefinitionLevel();

  private ShardReader() {
  }

  /**
   * The rows of one row group.
   *
   * @param tokens ids, [rows · (T + 1)]
   * @param targets how many are there, [rows]
   * @param learned which tokens are targets that count, [rows] of [T + 1] or null: all that are there; null: so in all rows
   * @param starts where documents begin in each row; null where {@code learned} and {@code labels} are
   * @param labels of each row, as {@link PackedRow#labels}; null: there are none
   */
  record RowGroup(int[] tokens, int[] targets, boolean[][] learned, int[][] starts, double[][] labels) {
    long bytes() {
      long more = 0;
      for (int row = 0; starts != null && row < targets.length; row++) {
        more += 4L * starts[row].length;
        if (learned != null && learned[row] != null) more += learned[row].length;
        if (labels != null) more += 8L * labels[row].length;
      }
      return 4L * (tokens.length + targets.length) + more;
    }
  }

  /**
   * @param group number of the row group in the file
   * @param rows that it must have
   * @param rowLength T + 1
   * @throws UserError where the file is damaged or not such a shard
   */
  static RowGroup read(Configuration conf, Path file, int group, int rows, int rowLength) {
    ParquetReadOptions options = HadoopReadOptions.builder(conf, file).usePageChecksumVerification(true).build();
    try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(file, conf), options)) {
      if (reader.getRowGroups().size() <= group) throw damaged(file, "row group " + group + " is missing", null);
      MessageType schema = ShardSchema.tokens(reader.getFileMetaData().getSchema());
      reader.setRequestedSchema(schema);
      PageReadStore pages = reader.readRowGroup(group);
      if (pages.getRowCount() != rows)
        throw damaged(file, "row group " + group + " has " + pages.getRowCount() + " rows, not " + rows, null);
      ColumnReadStoreImpl columns = new ColumnReadStoreImpl(pages, new Ignored(schema), schema,
          reader.getFileMetaData().getCreatedBy());
      int[] targets = integers(columns.getColumnReader(TARGETS), rows, file);
      int[] tokens = integers(columns.getColumnReader(TOKENS), Math.multiplyExact(rows, rowLength), file);
      if (schema.getColumns().size() == 2) return new RowGroup(tokens, targets, null, null, null);
      ColumnReader told = columns.getColumnReader(schema.getColumns().get(2));
      int[][] starts = starts(columns.getColumnReader(schema.getColumns().get(3)), rows, file);
      return ShardSchema.isOfLabels(told.getDescriptor())
          ? new RowGroup(tokens, targets, null, starts, lists(told, rows, file))
          : new RowGroup(tokens, targets, learned(told, rows, rowLength, file), starts, null);
    } catch (IOException | RuntimeException e) {
      throw failed(file, e);
    }
  }

  private static RuntimeException failed(Path file, Exception e) {
    if (e instanceof UserError told) return told;
    if (e instanceof AccessControlException)
      return new UserError("the shard " + file + " may not be read: " + e.getMessage(), e);
    if (Storage.isOutage(e)) {
      return new UncheckedIOException("the shard " + file + " cannot be read: " + e,
          e instanceof IOException io ? io : new IOException(e));
    }
    // Parquet's decoders answer damaged bytes with many kinds of exceptions; the file was whole when it was committed.
    return damaged(file, String.valueOf(e.getMessage()), e);
  }

  /** The documents in one row. @param group number of the row group in the file; @param row in the group */
  static List<PackedRow.Span> spans(Configuration conf, Path file, int group, int row) {
    ParquetReadOptions options = HadoopReadOptions.builder(conf, file).usePageChecksumVerification(true).build();
    try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(file, conf), options)) {
      MessageType schema = ShardSchema.spans(reader.getFileMetaData().getSchema());
      reader.setRequestedSchema(schema);
      ColumnReadStoreImpl columns = new ColumnReadStoreImpl(reader.readRowGroup(group), new Ignored(schema), schema,
          reader.getFileMetaData().getCreatedBy());
      List<List<Object>> values = new ArrayList<>();
      for (ColumnDescriptor column : schema.getColumns()) {
        Function<ColumnReader, Object> value = switch (column.getPrimitiveType().getPrimitiveTypeName()) {
          case BINARY -> from -> from.getBinary().toStringUsingUTF8();
          case INT32 -> ColumnReader::getInteger;
          default -> ColumnReader::getLong;
        };
        values.add(ofRow(columns.getColumnReader(column), column.getMaxDefinitionLevel(), row, value));
      }
      List<PackedRow.Span> spans = new ArrayList<>();
      for (int i = 0; i < values.get(0).size(); i++) {
        Object character = values.size() > 4 ? values.get(4).get(i) : null;
        spans.add(new PackedRow.Span((String) values.get(0).get(i), (Integer) values.get(1).get(i),
            (Integer) values.get(2).get(i), (Long) values.get(3).get(i),
            character == null ? PackedRow.Span.UNKNOWN : (Long) character));
      }
      return spans;
    } catch (IOException | RuntimeException e) {
      throw failed(file, e);
    }
  }

  /** A row's values of a column of spans, null where a span has none. @param whole the level of a value that is there */
  private static List<Object> ofRow(ColumnReader column, int whole, int row, Function<ColumnReader, Object> value) {
    List<Object> values = new ArrayList<>();
    int at = -1;
    for (long i = 0; i < column.getTotalValueCount() && at <= row; i++) {
      if (column.getCurrentRepetitionLevel() == 0) at++;
      boolean there = column.getCurrentDefinitionLevel() == whole;
      if (at == row && column.getCurrentDefinitionLevel() >= SPAN_LEVEL) values.add(there ? value.apply(column) : null);
      else if (there) column.skip();             // going on does not
      column.consume();
    }
    return values;
  }

  /** A list of booleans a row, or null where a row has none. */
  private static boolean[][] learned(ColumnReader column, int rows, int rowLength, Path file) {
    boolean[][] learned = new boolean[rows][];
    long left = column.getTotalValueCount();
    for (int row = 0; row < rows; row++) {
      boolean there = column.getCurrentDefinitionLevel() == column.getDescriptor().getMaxDefinitionLevel();
      int count = there ? rowLength : 1;
      left -= count;
      if (left < 0) throw damaged(file, "a row has fewer than " + rowLength + " values of learned", null);
      if (there) learned[row] = new boolean[rowLength];
      for (int i = 0; i < count; i++) {
        if (there) learned[row][i] = column.getBoolean();
        column.consume();
      }
    }
    if (left > 0) throw damaged(file, "a row has more than " + rowLength + " values of learned", null);
    return learned;
  }

  private static int[][] starts(ColumnReader column, int rows, Path file) {
    double[][] lists = lists(column, rows, file);
    int[][] starts = new int[rows][];
    for (int row = 0; row < rows; row++)
      starts[row] = Arrays.stream(lists[row]).mapToInt(start -> (int) start).toArray();
    return starts;
  }

  /** Any number of values a row; whole ones are exact. */
  private static double[][] lists(ColumnReader column, int rows, Path file) {
    boolean whole = column.getDescriptor().getPrimitiveType().getPrimitiveTypeName() == PrimitiveTypeName.INT32;
    double[][] lists = new double[rows][0];
    int row = -1;
    for (long i = 0; i < column.getTotalValueCount(); i++) {
      if (column.getCurrentRepetitionLevel() == 0) row++;
      if (row >= rows) throw damaged(file, "it has spans or labels of more than " + rows + " rows", null);
      if (column.getCurrentDefinitionLevel() == column.getDescriptor().getMaxDefinitionLevel()) {
        lists[row] = Arrays.copyOf(lists[row], lists[row].length + 1);
        lists[row][lists[row].length - 1] = whole ? column.getInteger() : column.getDouble();
      }
      column.consume();
    }
    return lists;
  }

  private static int[] integers(ColumnReader column, int count, Path file) {
    if (column.getTotalValueCount() != count)
      throw damaged(file, "it has " + column.getTotalValueCount() + " values where " + count + " are needed", null);
    int[] values = new int[count];
    for (int i = 0; i < count; i++) {
      values[i] = column.getInteger();
      column.consume();
    }
    return values;
  }

  private static UserError damaged(Path file, String what, Throwable cause) {
    return new UserError(
        "the shard " + file + " is damaged: " + what + "; delete the dataset's folder and run prep again",
        cause);
  }

  /** The column store wants a converter for each field, nested as the schema is; values are taken from the columns instead. */
  private static final class Ignored extends GroupConverter {
    private final Type type;

    Ignored(Type type) {
      this.type = type;
    }

    @Override
    public Converter getConverter(int field) {
      Type child = type.asGroupType().getType(field);
      return child.isPrimitive() ? new PrimitiveConverter() {} : new Ignored(child);
    }

    @Override
    public void start() {
    }

    @Override
    public void end() {
    }
  }
}
