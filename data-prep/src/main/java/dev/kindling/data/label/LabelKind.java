package dev.kindling.data.label;

import java.util.Locale;

/** What texts are labelled with. */
public enum LabelKind {
  /** One of several classes, each a text or a whole number. */
  CLASS,
  /** Any of several classes, also none: a list of them. */
  CLASSES,
  /** A number, which a regression finds. */
  NUMBER;

  /** As settings and {@code dataset.json} have it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
