package dev.kindling.jobs.command;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.corpus.CorpusFormat;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.corpus.LabelFields;
import java.util.List;
import java.util.Optional;

/**
 * One input of {@code kindling prep}: a path, or a section with exactly one of path, table and sql. What is not said is as it is
 * for all inputs; {@link CorpusSource} says what each setting means.
 *
 * @param name of its documents' source
 * @param path files, folders or globs
 * @param table tables of Spark's catalog
 * @param sql a query of Spark's
 */
record InputSettings(Optional<String> name, Optional<List<String>> path, Optional<List<String>> table,
    Optional<String> sql,
    Optional<CorpusFormat> format, Optional<String> textField, Optional<String> idField, Optional<String> sourceField,
    Optional<String> pairField, Optional<String> labelField, Optional<String> wordsField, Optional<String> tagsField,
    Optional<String> separator,
    Optional<Integer> maxDocumentBytes) {
  InputSettings {
    int kinds = (path.isPresent() ? 1 : 0) + (table.isPresent() ? 1 : 0) + (sql.isPresent() ? 1 : 0);
    require(kinds > 0, "path", "missing", "files, folders or globs; or name a table, or give a query with sql");
    if (kinds > 1)
      throw new UserError("an input has more than one of path, table and sql; make each an input of its own");
    if (path.isEmpty() && format.isPresent())
      throw new UserError("format is " + format.get() + "; it must be left out of a table and of a query");
  }

  /** A path, of which nothing more is said. */
  static InputSettings ofText(String path) {
    return new InputSettings(Optional.empty(), Optional.of(List.of(path)), Optional.empty(), Optional.empty(),
        Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(),
        Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
  }

  /** @return whether only a path was given: such inputs are one */
  boolean isPlain() {
    return path.isPresent() && name.isEmpty() && format.isEmpty() && textField.isEmpty() && idField.isEmpty()
        && sourceField.isEmpty() && pairField.isEmpty() && labelField.isEmpty() && wordsField.isEmpty()
        && tagsField.isEmpty() && separator.isEmpty() && maxDocumentBytes.isEmpty();
  }

  /** @param usual what holds for all inputs */
  CorpusSource source(CorpusSource usual) {
    LabelFields known = usual.fields().labels();
    LabelFields labels = new LabelFields(pairField.orElse(known.pair()), labelField.orElse(known.label()),
        known.kind(), wordsField.orElse(known.words()), tagsField.orElse(known.tags()));
    CorpusSource.Fields fields = new CorpusSource.Fields(textField.orElse(usual.fields().text()),
        idField.orElse(usual.fields().id()), sourceField.orElse(usual.fields().source())).with(labels);
    CorpusFormat of = path.isPresent()
        ? format.orElse(usual.format())
        : sql.isPresent() ? CorpusFormat.SQL : CorpusFormat.TABLE;
    List<String> from = path.or(() -> table).orElseGet(() -> List.of(sql.get()));
    String between = separator.orElse(of == CorpusFormat.TEXT ? usual.separator() : "");
    return new CorpusSource(name.orElse(usual.name()), from, of, fields, between,
        maxDocumentBytes.orElse(usual.maxDocumentBytes()));
  }
}
