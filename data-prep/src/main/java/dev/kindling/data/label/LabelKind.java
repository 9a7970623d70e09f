package dev.kindling.data.label;

import java.util.Locale;

/** What texts are labelled with. */
public enum LabelKind {
  /** One of several classes, each a text or a whole number. */
  CLASS,
  /** Any of several classes, also none: a list of them. */
  CLASSES,
  /** A number, which a regression finds. */
  NUMBER,
  /** One of several classes for each word, each as of {@link #CLASS}. */
  TAGS;

  /** As settings and {@code dataset.json} have it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
