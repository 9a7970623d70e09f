package dev.kindling.jobs.table;

import dev.kindling.checkpoint.PendingFile;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;

/**
 * Parquet files of records, a column a component: {@code long}, {@code int}, {@code boolean}, {@code String}, {@code Instant}
 * (milliseconds), and {@code
 * double}, whose NaN is a null. Spark SQL and everything else that knows Parquet reads them.
 *
 * @param type of the rows
 */
public record RecordTable<R extends Record>(Configuration conf, Class<R> type) {
  /** Writes a file that is whole or not there; one of that name is replaced. */
  public void write(Path file, List<R> rows) throws IOException {
    FileSystem fs = Storage.of(conf, file);
    try (PendingFile out = PendingFile.create(fs, file)) {
      // without a configuration Parquet reads all of Hadoop's XML anew
      try (ParquetWriter<R> writer = new Builder<>(new ToPendingFile(out), this).withConf(conf)
          .withCompressionCodec(CompressionCodecName.ZSTD).withPageWriteChecksumEnabled(true).build()) {
        for (R row : rows) writer.write(row);
      }
      out.commit(file.getName());
    }
  }

  /** @throws UserError where the file is no such table */
  public List<R> read(Path file) throws IOException {
    List<R> rows = new ArrayList<>();
    try (ParquetReader<Group> reader = ParquetReader.builder(new GroupReadSupport(), file).withConf(conf).build()) {
      for (Group row = reader.read(); row != null; row = reader.read()) rows.add(row(row));
      return rows;
    } catch (RuntimeException e) {                // Parquet's answer to damaged bytes, and to other columns
      throw new UserError(file + " is no table of " + type.getSimpleName() + " rows: " + e.getMessage(), e);
    }
  }

  private MessageType schema() {
    StringBuilder text = new StringBuilder("message " + type.getSimpleName() + " {\n");
    for (RecordComponent c : type.getRecordComponents()) {
      text.append("  ").append(c.getType() == double.class ? "optional" : "required").append(' ')
          .append(column(c.getType())).append(' ').append(c.getName())
          .append(annotation(c.getType())).append(";\n");
    }
    return MessageTypeParser.parseMessageType(text.append("}\n").toString());
  }

  private static String annotation(Class<?> type) {
    if (type == String.class) return " (STRING)";
    return type == Instant.class ? " (TIMESTAMP(MILLIS,true))" : "";
  }

  private static String column(Class<?> type) {
    if (type == long.class || type == Instant.class) return "int64";
    if (type == int.class) return "int32";
    if (type == boolean.class) return "boolean";
    if (type == double.class) return "double";
    if (type == String.class) return "binary";
    throw new IllegalArgumentException("no column is a " + type);
  }

  private R row(Group from) {
    RecordComponent[] components = type.getRecordComponents();
    Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) values[i] = value(from, components[i]);
    try {
      Class<?>[] types = Arrays.stream(components).map(RecordComponent::getType).toArray(Class[]::new);
      Constructor<R> constructor = type.getDeclaredConstructor(types);
      return constructor.newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("a row of " + type, e);
    }
  }

  private static Object value(Group from, RecordComponent component) {
    String name = component.getName();
    Class<?> type = component.getType();
    if (type == long.class) return from.getLong(name, 0);
    if (type == Instant.class) return Instant.ofEpochMilli(from.getLong(name, 0));
    if (type == int.class) return from.getInteger(name, 0);
    if (type == boolean.class) return from.getBoolean(name, 0);
    if (type == String.class) return from.getString(name, 0);
    return from.getFieldRepetitionCount(name) == 0 ? Double.NaN : from.getDouble(name, 0);
  }

  private static final class Builder<R extends Record> extends ParquetWriter.Builder<R, Builder<R>> {
    private final RecordTable<R> table;

    Builder(OutputFile file, RecordTable<R> table) {
      super(file);
      this.table = table;
    }

    @Override
    protected Builder<R> self() {
      return this;
    }

    @Override
    protected WriteSupport<R> getWriteSupport(Configuration conf) {
      return new Rows<>(table);
    }
  }

  private static final class Rows<R extends Record> extends WriteSupport<R> {
    private final RecordTable<R> table;
    private final RecordComponent[] components;
    private RecordConsumer to;

    Rows(RecordTable<R> table) {
      this.table = table;
      this.components = table.type.getRecordComponents();
    }

    @Override
    public WriteContext init(Configuration conf) {
      return new WriteContext(table.schema(), Map.of());
    }

    @Override
    public void prepareForWrite(RecordConsumer consumer) {
      to = consumer;
    }

    @Override
    public void write(R row) {
      to.startMessage();
      for (int i = 0; i < components.length; i++) {
        Object value = read(components[i], row);
        if (value instanceof Double number && number.isNaN()) continue;
        to.startField(components[i].getName(), i);
        add(value);
        to.endField(components[i].getName(), i);
      }
      to.endMessage();
    }

    private void add(Object value) {
      if (value instanceof Long number) to.addLong(number);
      else if (value instanceof Instant time) to.addLong(time.toEpochMilli());
      else if (value instanceof Integer number) to.addInteger(number);
      else if (value instanceof Boolean truth) to.addBoolean(truth);
      else if (value instanceof String text) to.addBinary(Binary.fromString(text));
      else to.addDouble((Double) value);
    }

    private static Object read(RecordComponent component, Record from) {
      try {
        return component.getAccessor().invoke(from);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("reading " + component, e);
      }
    }
  }
}
