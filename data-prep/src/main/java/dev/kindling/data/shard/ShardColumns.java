package dev.kindling.data.shard;

import dev.kindling.data.label.LabelKind;

/** What rows say besides their tokens and where these come from. */
public enum ShardColumns {
  /** Nothing: all targets count. */
  NONE,
  /** Which targets count. */
  LEARNED,
  /** The number of a text's class. */
  CLASS,
  /** Those of all its classes, or of each token's class. */
  CLASSES,
  /** A number that is to be found for it. */
  NUMBER;

  public static ShardColumns of(LabelKind kind) {
    return switch (kind) {
      case CLASS -> CLASS;
      case CLASSES, TAGS -> CLASSES;
      case NUMBER -> NUMBER;
    };
  }
}
