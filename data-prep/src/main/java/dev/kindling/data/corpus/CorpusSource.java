package dev.kindling.data.corpus;

import static dev.kindling.checkpoint.UserError.require;

import java.io.Serializable;
import java.util.List;

/**
 * Where documents come from.
 *
 * @param paths files, folders (read with all below them) or globs, on any Hadoop file system; names that start with {@code .}
 *     or {@code _} below them are left out
 * @param format of all files; {@code .gz} and {@code .bz2} are unpacked
 * @param textField of a JSON line: the text
 * @param idField of a JSON line: its id, text or number; a line without it is named by its file and its place there
 */
public record CorpusSource(List<String> paths, CorpusFormat format, String textField,
    String idField) implements Serializable {
  public CorpusSource {
    paths = List.copyOf(paths);
    require(!paths.isEmpty() && paths.stream().noneMatch(String::isBlank), "input", paths, "at least one path");
    require(!textField.isBlank(), "textField", "'" + textField + "'", "the name of a field, such as text");
    require(!idField.isBlank(), "idField", "'" + idField + "'", "the name of a field, such as id");
  }

  /** JSON lines with the fields {@code text} and {@code id}. */
  public static CorpusSource jsonl(String... paths) {
    return new CorpusSource(List.of(paths), CorpusFormat.JSONL, "text", "id");
  }

  /** Plain text, a document a file. */
  public static CorpusSource text(String... paths) {
    return new CorpusSource(List.of(paths), CorpusFormat.TEXT, "text", "id");
  }
}
