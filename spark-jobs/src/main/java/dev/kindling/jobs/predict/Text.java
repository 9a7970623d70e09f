package dev.kindling.jobs.predict;

/** A text to say something of. @param pair the second of two; null: it stands alone */
public record Text(String text, String pair) {
  public static Text of(String text) {
    return new Text(text, null);
  }
}
