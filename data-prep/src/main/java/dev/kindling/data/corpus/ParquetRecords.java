package dev.kindling.data.corpus;

import dev.kindling.checkpoint.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.api.ReadSupport;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;

/** Documents that are rows of a Parquet file: those of the row groups whose middle lies in the piece. */
final class ParquetRecords implements RecordSource {
  private final Configuration conf;
  private final CorpusSource source;
  private final CorpusPiece piece;
  private WatchedFile file;
  private MessageType columns;
  private ParquetReader<Group> rows;
  private boolean refused;
  private long row;

  ParquetRecords(Configuration conf, CorpusSource source, CorpusPiece piece) {
    this.conf = conf;
    this.source = source;
    this.piece = piece;
  }

  @Override
  public CorpusRecord next() throws IOException {
    if (refused) return null;
    if (rows == null) {
      try {
        open();
      } catch (BadRecordException e) {
        refused = true;
        if (piece.start() > 0) return null;                  // a file is refused once, whatever its pieces
        return new Unreadable(source.name(), piece.file().name(), 0, e.getMessage(), "", true);
      }
    }
    Group group = rows.read();
    if (group == null) return null;
    row = rows.getCurrentRowIndex();
    try {
      return document(group);
    } catch (BadRecordException e) {
      return unreadable(e.getMessage(), excerpt(group));
    }
  }

  private void open() throws IOException, BadRecordException {
    Path path = new Path(piece.file().path());
    file = new WatchedFile(HadoopInputFile.fromPath(path, conf));
    MessageType schema;
    try (ParquetFileReader footer = ParquetFileReader.open(file)) {
      schema = footer.getFileMetaData().getSchema();
    } catch (IOException | RuntimeException e) {
      if (!isDamaged(e)) throw e;
      throw new BadRecordException("this is no Parquet file that can be read: " + e.getMessage());
    }
    columns = projection(schema);
    Configuration projected = new Configuration(conf);
    projected.set(ReadSupport.PARQUET_READ_SCHEMA, columns.toString());
    rows = new Groups(file).withConf(projected).withFileRange(piece.start(), piece.end()).build();
  }

  private static final class Groups extends ParquetReader.Builder<Group> {
    Groups(WatchedFile file) {
      super(file);
    }

    @Override
    protected ReadSupport<Group> getReadSupport() {
      return new GroupReadSupport();
    }
  }

  private MessageType projection(MessageType schema) throws BadRecordException {
    String text = source.fields().text();
    if (source.fields().examples() != Example.Kind.NONE)
      throw new BadRecordException("examples are not read from Parquet files as they are; read them as a query: "
          + "sql: SELECT * FROM parquet.`" + piece.file().path() + "`");
    if (!schema.containsField(text))
      throw new BadRecordException("the column '" + text + "' is missing (there are "
          + schema.getFields().stream().map(Type::getName).collect(Collectors.joining(", "))
          + "); name the right one with textField");
    List<Type> fields = new ArrayList<>();
    fields.add(holding(schema, text, List.of(PrimitiveTypeName.BINARY), "strings; name the right one with textField"));
    if (schema.containsField(source.fields().id()) && !text.equals(source.fields().id()))
      fields.add(holding(schema, source.fields().id(),
          List.of(PrimitiveTypeName.BINARY, PrimitiveTypeName.INT32, PrimitiveTypeName.INT64),
          "strings or whole numbers; name the right one with idField"));
    if (schema.containsField(source.fields().source())
        && !schema.getType(source.fields().source()).equals(fields.get(0)))
      fields.add(holding(schema, source.fields().source(), List.of(PrimitiveTypeName.BINARY),
          "strings; name the right one with sourceField"));
    return new MessageType(schema.getName(), fields);
  }

  private static Type holding(MessageType schema, String name, List<PrimitiveTypeName> kinds, String allowed)
      throws BadRecordException {
    Type type = schema.getType(name);
    boolean right = type.isPrimitive() && !type.isRepetition(Type.Repetition.REPEATED)
        && kinds.contains(type.asPrimitiveType().getPrimitiveTypeName());
    if (!right) throw new BadRecordException("the column '" + name + "' is " + type + "; it must hold " + allowed);
    return type;
  }

  private Document document(Group group) throws BadRecordException {
    if (group.getFieldRepetitionCount(source.fields().text()) == 0)
      throw new BadRecordException("the column '" + source.fields().text() + "' is null; it must hold a text");
    long bytes = group.getBinary(source.fields().text(), 0).length();
    if (bytes > source.maxDocumentBytes()) throw new BadRecordException(LineRecords.tooLong(bytes, source));
    String text = string(group, source.fields().text());
    String id = columns.containsField(source.fields().id()) ? string(group, source.fields().id()) : null;
    String from = columns.containsField(source.fields().source()) ? string(group, source.fields().source()) : null;
    String name = piece.file().name();
    return new Document(id == null ? name + "@" + row : id, from == null ? source.name() : from, name, row, text);
  }

  private String string(Group group, String column) throws BadRecordException {
    if (group.getFieldRepetitionCount(column) == 0) return null;
    if (columns.getType(column).asPrimitiveType().getPrimitiveTypeName() != PrimitiveTypeName.BINARY)
      return group.getValueToString(columns.getFieldIndex(column), 0);
    byte[] bytes = group.getBinary(column, 0).getBytesUnsafe();
    return StrictUtf8.decode(bytes, 0, bytes.length,
        at -> "byte " + (at + 1) + " of the column '" + column + "' is not UTF-8; convert it to UTF-8");
  }

  private Unreadable unreadable(String reason, String excerpt) {
    return new Unreadable(source.name(), piece.file().name(), row, reason, excerpt);
  }

  private String excerpt(Group group) {
    if (group.getFieldRepetitionCount(source.fields().text()) == 0) return "";
    byte[] bytes = group.getBinary(source.fields().text(), 0).getBytesUnsafe();
    return Unreadable.excerpt(bytes, 0, bytes.length);
  }

  /** Parquet's decoders answer damaged bytes with many kinds of exceptions; what counts is that storage gave the bytes. */
  @Override
  public boolean isDamaged(Exception thrown) {
    return file != null && !file.hasFailed() && !Storage.isOutage(thrown);
  }

  @Override
  public long position() {
    return row;
  }

  @Override
  public void close() throws IOException {
    if (rows != null) rows.close();
  }
}
