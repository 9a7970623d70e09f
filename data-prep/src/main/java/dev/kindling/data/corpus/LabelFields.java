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
 */
public record LabelFields(String pair, String label, LabelKind kind) implements Serializable {
  /** A class for each text. */
  public static final LabelFields USUAL = new LabelFields("", "label", LabelKind.CLASS);

  public LabelFields {
    require(!label.isBlank(), "labelField", "'" + label + "'", "the name of a field, such as label");
  }
}
