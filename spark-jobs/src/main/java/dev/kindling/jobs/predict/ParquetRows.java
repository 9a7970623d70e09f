package dev.kindling.jobs.predict;

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
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;

/** One row of Parquet a text; the embedding is a list of float32, as Spark and Arrow read it. */
final class ParquetRows implements EmbeddingFile {
  private static final MessageType SCHEMA = MessageTypeParser.parseMessageType("""
      message embeddings {
        required binary id (STRING);
        required binary text (STRING);
        required int32 tokens;
        required group embedding (LIST) { repeated group list { required float element; } }
      }
      """);

  private final PendingFile out;
  private final ParquetWriter<Embedding> rows;
  private boolean closed;

  private ParquetRows(PendingFile out, ParquetWriter<Embedding> rows) {
    this.out = out;
    this.rows = rows;
  }

  static ParquetRows of(PendingFile out) throws IOException {
    return new ParquetRows(out, new Builder(new ToPendingFile(out)).withCompressionCodec(CompressionCodecName.ZSTD)
        .withPageWriteChecksumEnabled(true).build());
  }

  @Override
  public void write(Embedding embedding) throws IOException {
    rows.write(embedding);
  }

  @Override
  public void commit() throws IOException {
    closeRows();
    out.commit("embeddings");
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

  private static final class Builder extends ParquetWriter.Builder<Embedding, Builder> {
    Builder(OutputFile file) {
      super(file);
    }

    @Override
    protected Builder self() {
      return this;
    }

    @Override
    protected WriteSupport<Embedding> getWriteSupport(Configuration conf) {
      return new Rows();
    }
  }

  private static final class Rows extends WriteSupport<Embedding> {
    private RecordConsumer to;

    @Override
    public WriteContext init(Configuration conf) {
      return new WriteContext(SCHEMA, Map.of());
    }

    @Override
    public void prepareForWrite(RecordConsumer consumer) {
      to = consumer;
    }

    @Override
    public void write(Embedding embedding) {
      to.startMessage();
      field("id", 0, () -> to.addBinary(Binary.fromString(embedding.id())));
      field("text", 1, () -> to.addBinary(Binary.fromString(embedding.text())));
      field("tokens", 2, () -> to.addInteger(embedding.tokens()));
      field("embedding", 3, () -> group(() -> field("list", 0, () -> {
        for (float x : embedding.vector()) group(() -> field("element", 0, () -> to.addFloat(x)));
      })));
      to.endMessage();
    }

    private void group(Runnable content) {
      to.startGroup();
      content.run();
      to.endGroup();
    }

    private void field(String name, int index, Runnable content) {
      to.startField(name, index);
      content.run();
      to.endField(name, index);
    }
  }
}
