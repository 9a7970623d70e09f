package dev.kindling.data.corpus;

import static dev.kindling.checkpoint.UserError.require;

import java.io.Serializable;
import java.util.List;
import java.util.stream.Stream;

/**
 * One input: where documents come from.
 *
 * @param name of the input, which each of its documents carries
 * @param paths files, folders (read with all below them) or globs, on any Hadoop file system; names that start with {@code .}
 *     or {@code _} below them are left out. Of {@link CorpusFormat#TABLE} and {@link CorpusFormat#SQL}: tables, or queries
 * @param format of all files; {@code .gz}, {@code .bz2} and {@code .zst} are unpacked
 * @param fields where text, id and source are in a record
 * @param separator stands between the documents of a {@link CorpusFormat#TEXT} file; empty: a file is one document
 * @param maxDocumentBytes a longer record is refused; of a line or a text file no more than that is held in memory, values of Parquet
 *     files and tables are there as their readers give them
 */
public record CorpusSource(String name, List<String> paths, CorpusFormat format, Fields fields, String separator,
    int maxDocumentBytes) implements Serializable {
  public static final String NAME = "corpus";
  public static final int MAX_DOCUMENT_BYTES = 64 << 20;

  /** What {@code maxDocumentBytes} may be. */
  static final int MOST_DOCUMENT_BYTES = 1 << 30;

  /**
   * Names of fields of a JSON line or columns of a row.
   *
   * @param text the text
   * @param id text or number; a record without it is named by its file and its place there
   * @param source what the document's source is called instead of the input's name; empty: there is no such field
   * @param examples what examples a record is
   * @param labels where labels are, of examples that have some
   * @param settings what a user finds them by
   */
  public record Fields(String text, String id, String source, Example.Kind examples, LabelFields labels,
      FieldSettings settings) implements Serializable {
    public static final Fields USUAL = new Fields("text", "id", "");

    /** Of records with texts. */
    public Fields(String text, String id, String source) {
      this(text, id, source, FieldSettings.USUAL);
    }

    /** The same under other settings. */
    public Fields(String text, String id, String source, FieldSettings settings) {
      this(text, id, source, Example.Kind.NONE, LabelFields.USUAL, settings);
    }

    public Fields {
      require(!text.isBlank(), settings.text(), "'" + text + "'", "the name of a field, such as text");
      require(!id.isBlank(), settings.id(), "'" + id + "'", "the name of a field, such as id");
      require(!labels.pair().equals(text), settings.pair(), labels.pair(), "another field than " + settings.text());
    }

    /** The fields that an example is made of. */
    public List<String> ofExample() {
      if (examples == Example.Kind.TOKEN_CLASSIFICATION) return List.of(labels.words(), labels.tags());
      if (examples == Example.Kind.PAIR) return List.of(text, labels.pair());
      if (examples != Example.Kind.CLASSIFICATION) return examples.fields();
      return Stream.of(text, labels.pair(), labels.label()).filter(name -> !name.isEmpty()).toList();
    }

    /** The same with labels elsewhere. */
    public Fields with(LabelFields others) {
      return new Fields(text, id, source, examples, others, settings);
    }
  }

  /** What settings of fields are called: who is told to name another field must find the setting. */
  public record FieldSettings(String text, String id, String pair) implements Serializable {
    public static final FieldSettings USUAL = new FieldSettings("textField", "idField", "pairField");
  }

  public CorpusSource {
    paths = List.copyOf(paths);
    require(!name.isBlank(), "name", "'" + name + "'", "a name for the input");
    require(!paths.isEmpty() && paths.stream().noneMatch(String::isBlank), "input", paths, "at least one path");
    require(separator.isEmpty() || format == CorpusFormat.TEXT, "separator", "'" + separator + "'",
        "left out unless format is text");
    require(maxDocumentBytes >= 1 && maxDocumentBytes <= MOST_DOCUMENT_BYTES, "maxDocumentBytes",
        maxDocumentBytes, "1 to " + MOST_DOCUMENT_BYTES);
  }

  /** An input with the usual name and bound, and no separator. */
  public CorpusSource(List<String> paths, CorpusFormat format, String textField, String idField) {
    this(paths, format, new Fields(textField, idField, ""));
  }

  /** The same with fields that are described. */
  public CorpusSource(List<String> paths, CorpusFormat format, Fields fields) {
    this(NAME, paths, format, fields, "", MAX_DOCUMENT_BYTES);
  }

  /** JSON lines with the fields {@code text} and {@code id}. */
  public static CorpusSource jsonl(String... paths) {
    return new CorpusSource(List.of(paths), CorpusFormat.JSONL, "text", "id");
  }

  /** Plain text, a document a file. */
  public static CorpusSource text(String... paths) {
    return new CorpusSource(List.of(paths), CorpusFormat.TEXT, "text", "id");
  }

  /** The same records, read as examples: of JSON lines, Parquet files, tables and queries. */
  public CorpusSource ofExamples(Example.Kind kind) {
    require(format != CorpusFormat.TEXT && format != CorpusFormat.LINES, "format",
        format.name().toLowerCase(java.util.Locale.ROOT),
        "jsonl, parquet, a table or a query, whose records can be examples");
    return new CorpusSource(name, paths, format,
        new Fields(fields.text(), fields.id(), fields.source(), kind, fields.labels(), fields.settings()), separator,
        maxDocumentBytes);
  }

  /** The same with labels elsewhere. */
  public CorpusSource with(LabelFields labels) {
    return new CorpusSource(name, paths, format, fields.with(labels), separator, maxDocumentBytes);
  }

  public CorpusSource named(String other) {
    return new CorpusSource(other, paths, format, fields, separator, maxDocumentBytes);
  }
}
