package dev.kindling.jobs.predict;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.PendingFile;
import dev.kindling.jobs.table.ToPendingFile;
import java.io.IOException;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;

/** One row of Parquet a text; lists are as Spark and Arrow read them. */
final class ParquetRows implements PredictionFile {
  private final PendingFile out;
  private final ParquetWriter<ObjectNode> rows;
  private boolean closed;

  private ParquetRows(PendingFile out, ParquetWriter<ObjectNode> rows) {
    this.out = out;
    this.rows = rows;
  }

  static ParquetRows of(PendingFile out, MessageType columns) throws IOException {
    return new ParquetRows(out, new Builder(new ToPendingFile(out), columns)
        .withCompressionCodec(CompressionCodecName.ZSTD).withPageWriteChecksumEnabled(true).build());
  }

  @Override
  public void write(ObjectNode row) throws IOException {
    rows.write(row);
  }

  @Override
  public void commit() throws IOException {
    closeRows();
    out.commit("predictions");
  }

  private void closeRows() throws IOException {
    if (!closed) rows.close();
    closed = true;
  }

  @Override
  public void close() throws IOException {
    try {
      closeRows();
    } finally {
      out.close();
    }
  }

  private static final class Builder extends ParquetWriter.Builder<ObjectNode, Builder> {
    private final MessageType columns;

    Builder(OutputFile file, MessageType columns) {
      super(file);
      this.columns = columns;
    }

    @Override
    protected Builder self() {
      return this;
    }

    @Override
    protected WriteSupport<ObjectNode> getWriteSupport(Configuration conf) {
      return new Rows(columns);
    }
  }

  private static final class Rows extends WriteSupport<ObjectNode> {
    private final MessageType columns;
    private RecordConsumer to;

    Rows(MessageType columns) {
      this.columns = columns;
    }

    @Override
    public WriteContext init(Configuration conf) {
      return new WriteContext(columns, Map.of());
    }

    @Override
    public void prepareForWrite(RecordConsumer consumer) {
      to = consumer;
    }

    @Override
    public void write(ObjectNode row) {
      to.startMessage();
      fields(columns, row);
      to.endMessage();
    }

    private void fields(GroupType type, JsonNode of) {
      for (int i = 0; i < type.getFieldCount(); i++) {
        Type field = type.getType(i);
        to.startField(field.getName(), i);
        value(field, of.get(field.getName()));
        to.endField(field.getName(), i);
      }
    }

    private void value(Type type, JsonNode value) {
      if (type.isPrimitive()) {
        switch (type.asPrimitiveType().getPrimitiveTypeName()) {
          case BINARY -> to.addBinary(Binary.fromString(value.textValue()));
          case INT32 -> to.addInteger(value.intValue());
          case FLOAT -> to.addFloat(value.floatValue());
          default -> throw new IllegalArgumentException("no column is a " + type);
        }
        return;
      }
      to.startGroup();
      if (LogicalTypeAnnotation.listType().equals(type.getLogicalTypeAnnotation())) elements(type.asGroupType(), value);
      else fields(type.asGroupType(), value);
      to.endGroup();
    }

    /** A list is a repeated group of one field each (Parquet's LogicalTypes.md, Lists); none is begun for no element. */
    private void elements(GroupType list, JsonNode values) {
      if (values.isEmpty()) return;
      GroupType repeated = list.getType(0).asGroupType();
      to.startField(repeated.getName(), 0);
      for (JsonNode value : values) {
        to.startGroup();
        to.startField(repeated.getFieldName(0), 0);
        value(repeated.getType(0), value);
        to.endField(repeated.getFieldName(0), 0);
        to.endGroup();
      }
      to.endField(repeated.getName(), 0);
    }
  }
}
