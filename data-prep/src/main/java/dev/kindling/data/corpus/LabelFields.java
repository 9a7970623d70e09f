package dev.kindling.data.corpus;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.data.label.LabelKind;
import java.io.Serializable;

/**
 * Where labels are in a record.
 *
 * @param pair the field of a second text; empty: texts stand alone
 * @param label the field of the label
 * @param kind what a label is
 * @param words the field of a text's words, where each has a label; @param tags the field of these
 */
public record LabelFields(String pair, String label, LabelKind kind, String words, String tags)
    implements
      Serializable {
  /** A class for each text. */
  public static final LabelFields USUAL = new LabelFields("", "label", LabelKind.CLASS);

  /** Words and their labels where they usually are. */
  public LabelFields(String pair, String label, LabelKind kind) {
    this(pair, label, kind, "tokens", "tags");
  }

  public LabelFields {
    require(!words.isBlank(), "wordsField", "'" + words + "'", "the name of a field, such as tokens");
    require(!tags.isBlank() && !tags.equals(words), "tagsField", "'" + tags + "'",
        "the name of another field than wordsField, such as tags");
    require(!label.isBlank(), "labelField", "'" + label + "'", "the name of a field, such as label");
  }
}
