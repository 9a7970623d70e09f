package dev.kindling.data.shard;

import dev.kindling.data.pack.PackedRow;
import java.io.Closeable;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopOutputFile;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;

/**
 * Writes one Parquet shard: zstd, checksummed pages, row groups of a fixed number of rows. The same rows give the same bytes in
 * every process and on every file system.
 */
public final class ShardWriter implements Closeable {
  private final SortedFooter file;
  private final ParquetWriter<PackedRow> writer;

  private ShardWriter(SortedFooter file, ParquetWriter<PackedRow> writer) {
    this.file = file;
    this.writer = writer;
  }

  /** For rows of which every target counts. @param rowsPerGroup what a reader must decode to get at one row */
  public static ShardWriter create(Configuration conf, Path file, int rowsPerGroup) throws IOException {
    return create(conf, file, rowsPerGroup, ShardColumns.NONE);
  }

  /** For rows that say which targets count. @param rowsPerGroup what a reader must decode to get at one row */
  public static ShardWriter createWithLearned(Configuration conf, Path file, int rowsPerGroup) throws IOException {
    return create(conf, file, rowsPerGroup, ShardColumns.LEARNED);
  }

  /** @param rowsPerGroup what a reader must decode to get at one row; @param more what rows say besides their tokens */
  public static ShardWriter create(Configuration conf, Path file, int rowsPerGroup, ShardColumns more)
      throws IOException {
    MessageType schema = ShardSchema.with(more);
    SortedFooter sorted = new SortedFooter(HadoopOutputFile.fromPath(file, conf));
    return new ShardWriter(sorted,
        new Builder(sorted, schema).withConf(conf).withWriteMode(ParquetFileWriter.Mode.OVERWRITE)
            .withCompressionCodec(CompressionCodecName.ZSTD)
            .withRowGroupRowCountLimit(rowsPerGroup).withRowGroupSize(1L << 30).withPageWriteChecksumEnabled(true)
            .build());
  }

  public void write(PackedRow row) throws IOException {
    writer.write(row);
  }

  @Override
  public void close() throws IOException {
    file.holdBack();
    writer.close();
  }

  private static final class Builder extends ParquetWriter.Builder<PackedRow, Builder> {
    private final MessageType schema;

    Builder(OutputFile file, MessageType schema) {
      super(file);
      this.schema = schema;
    }

    @Override
    protected Builder self() {
      return this;
    }

    @Override
    protected WriteSupport<PackedRow> getWriteSupport(Configuration conf) {
      return new RowWriteSupport(schema);
    }
  }

  private static final class RowWriteSupport extends WriteSupport<PackedRow> {
    private final MessageType schema;
    private RecordConsumer out;

    RowWriteSupport(MessageType schema) {
      this.schema = schema;
    }

    @Override
    public WriteContext init(Configuration conf) {
      return new WriteContext(schema,
          Map.of("kindling.format", DatasetInfo.FORMAT + " " + DatasetInfo.VERSION));
    }

    @Override
    public void prepareForWrite(RecordConsumer consumer) {
      out = consumer;
    }

    @Override
    public void write(PackedRow row) {
      out.startMessage();
      field("row", 0, () -> out.addLong(row.row()));
      field("targets", 1, () -> out.addInteger(row.targets()));
      field("tokens", 2, () -> group(() -> tokens(row.tokens())));
      field("spans", 3, () -> group(() -> spans(row.spans())));
      if (row.learned() != null) field("learned", 4, () -> group(() -> learned(row.learned())));
      if (row.labels() != null) labels(row.labels());
      out.endMessage();
    }

    private void tokens(int[] tokens) {
      out.startField("list", 0);
      for (int token : tokens) group(() -> field("element", 0, () -> out.addInteger(token)));
      out.endField("list", 0);
    }

    private void learned(boolean[] learned) {
      out.startField("list", 0);
      for (boolean counts : learned) group(() -> field("element", 0, () -> out.addBoolean(counts)));
      out.endField("list", 0);
    }

    private void labels(double[] labels) {
      Type type = schema.getType(4);
      if (!type.isPrimitive()) {
        field(type.getName(), 4, () -> group(() -> classes(labels)));
      } else if (type.asPrimitiveType().getPrimitiveTypeName() == PrimitiveTypeName.INT32) {
        field(type.getName(), 4, () -> out.addInteger((int) labels[0]));
      } else {
        field(type.getName(), 4, () -> out.addDouble(labels[0]));
      }
    }

    private void classes(double[] labels) {
      if (labels.length > 0) tokens(Arrays.stream(labels).mapToInt(label -> (int) label).toArray());
    }

    private void spans(List<PackedRow.Span> spans) {
      if (spans.isEmpty()) return;                            // a Parquet field must not be started to stay empty
      out.startField("list", 0);
      for (PackedRow.Span span : spans) group(() -> field("element", 0, () -> group(() -> span(span))));
      out.endField("list", 0);
    }

    private void span(PackedRow.Span span) {
      field("document", 0, () -> out.addBinary(Binary.fromString(span.document())));
      field("start", 1, () -> out.addInteger(span.start()));
      field("end", 2, () -> out.addInteger(span.end()));
      field("offset", 3, () -> out.addLong(span.offset()));
      if (span.character() != PackedRow.Span.UNKNOWN) field("character", 4, () -> out.addLong(span.character()));
    }

    private void group(Runnable content) {
      out.startGroup();
      content.run();
      out.endGroup();
    }

    private void field(String name, int index, Runnable content) {
      out.startField(name, index);
      content.run();
      out.endField(name, index);
    }
  }
}
