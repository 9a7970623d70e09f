package dev.kindling.data.corpus;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Storage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    if (source.fields().examples() != Example.Kind.NONE && !isLabelled() && !isTagged())
      throw new BadRecordException("examples are not read from Parquet files as they are; read them as a query: "
          + "sql: SELECT * FROM parquet.`" + piece.file().path() + "`");
    Map<String, Type> fields = new LinkedHashMap<>();
    if (isTagged()) {
      addTags(schema, fields);
    } else {
      present(schema, text, source.fields().settings().text());
      fields.put(text,
          holding(schema, text, List.of(PrimitiveTypeName.BINARY),
              "strings; name the right one with " + source.fields().settings().text()));
    }
    if (isLabelled()) addLabels(schema, fields);
    String id = source.fields().id();
    if (schema.containsField(id) && !fields.containsKey(id))
      fields.put(id, holding(schema, id,
          List.of(PrimitiveTypeName.BINARY, PrimitiveTypeName.INT32, PrimitiveTypeName.INT64),
          "strings or whole numbers; name the right one with " + source.fields().settings().id()));
    String from = source.fields().source();
    if (schema.containsField(from) && !fields.containsKey(from))
      fields.put(from, holding(schema, from, List.of(PrimitiveTypeName.BINARY),
          "strings; name the right one with sourceField"));
    return new MessageType(schema.getName(), List.copyOf(fields.values()));
  }

  private boolean isLabelled() {
    return source.fields().examples() == Example.Kind.CLASSIFICATION;
  }

  private boolean isTagged() {
    return source.fields().examples() == Example.Kind.TOKEN_CLASSIFICATION;
  }

  private static void present(MessageType schema, String column, String setting) throws BadRecordException {
    if (!schema.containsField(column))
      throw new BadRecordException("the column '" + column + "' is missing (there are "
          + schema.getFields().stream().map(Type::getName).collect(Collectors.joining(", "))
          + "); name the right one with " + setting);
  }

  private void addTags(MessageType schema, Map<String, Type> fields) throws BadRecordException {
    LabelFields labels = source.fields().labels();
    for (String name : source.fields().ofExample()) {
      String setting = name.equals(labels.words()) ? "wordsField" : "tagsField";
      present(schema, name, setting);
      Type column = schema.getType(name);
      if (column.isPrimitive() || !ParquetLabels.areIn(column))
        throw new BadRecordException("the column '" + name + "' is " + column.toString().replaceAll("\\s+", " ")
            + "; it must hold lists of strings or whole numbers; name the right one with " + setting);
      fields.put(name, column);
    }
  }

  private void addLabels(MessageType schema, Map<String, Type> fields) throws BadRecordException {
    LabelFields labels = source.fields().labels();
    for (String name : source.fields().ofExample())
      present(schema, name, name.equals(labels.pair()) ? source.fields().settings().pair() : "labelField");
    if (!labels.pair().isEmpty())
      fields.put(labels.pair(), holding(schema, labels.pair(), List.of(PrimitiveTypeName.BINARY),
          "strings; name the right one with " + source.fields().settings().pair()));
    Type label = schema.getType(labels.label());
    if (!ParquetLabels.areIn(label))
      throw new BadRecordException("the column '" + labels.label() + "' is " + label
          + "; it must hold strings, numbers or lists of these; name the right one with labelField");
    fields.put(labels.label(), label);
  }

  /** The example as one line of JSON would have it. */
  private String labelled(Group group) throws BadRecordException {
    ObjectNode record = JsonNodeFactory.instance.objectNode();
    LabelFields labels = source.fields().labels();
    record.put(source.fields().text(), string(group, source.fields().text()));
    if (!labels.pair().isEmpty()) record.put(labels.pair(), string(group, labels.pair()));
    record.set(labels.label(), ParquetLabels.of(group, columns.getType(labels.label())));
    return Example.of(source.fields(), record);
  }

  /** Words and their labels, likewise. */
  private ObjectNode tagged(Group group) throws BadRecordException {
    ObjectNode record = JsonNodeFactory.instance.objectNode();
    for (String name : source.fields().ofExample())
      record.set(name, ParquetLabels.of(group, columns.getType(name)));
    return record;
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
    String text = isTagged() ? Example.of(source.fields(), tagged(group)) : text(group);
    if (isTagged()) refuseLong(text.getBytes(StandardCharsets.UTF_8).length);
    String id = columns.containsField(source.fields().id()) ? string(group, source.fields().id()) : null;
    String from = columns.containsField(source.fields().source()) ? string(group, source.fields().source()) : null;
    String name = piece.file().name();
    return new Document(id == null ? name + "@" + row : id, from == null ? source.name() : from, name, row, text);
  }

  private String text(Group group) throws BadRecordException {
    if (group.getFieldRepetitionCount(source.fields().text()) == 0)
      throw new BadRecordException("the column '" + source.fields().text() + "' is null; it must hold a text");
    long bytes = bytes(group, source.fields().text());
    if (isLabelled() && !source.fields().labels().pair().isEmpty())
      bytes += bytes(group, source.fields().labels().pair());
    refuseLong(bytes);
    return isLabelled() ? labelled(group) : string(group, source.fields().text());
  }

  private void refuseLong(long bytes) throws BadRecordException {
    if (bytes > source.maxDocumentBytes()) throw new BadRecordException(LineRecords.tooLong(bytes, source));
  }

  private static long bytes(Group group, String column) {
    return group.getFieldRepetitionCount(column) == 0 ? 0 : group.getBinary(column, 0).length();
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
    if (isTagged()) return excerptOfTagged(group);
    if (group.getFieldRepetitionCount(source.fields().text()) == 0) return "";
    byte[] bytes = group.getBinary(source.fields().text(), 0).getBytesUnsafe();
    return Unreadable.excerpt(bytes, 0, bytes.length);
  }

  private String excerptOfTagged(Group group) {
    try {
      return Unreadable.excerpt(tagged(group).toString());
    } catch (BadRecordException e) {
      return "";                                             // bytes that are no text cannot be shown
    }
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
