package dev.kindling.jobs.config;

/**
 * Where a setting was written.
 *
 * @param source a file's name as the user gave it, or an option; empty where nothing was written
 * @param line counted from 1; 0 where the source has no lines
 */
record Origin(String source, int line) {
  /** What an error message begins with. */
  String prefix() {
    return source.isEmpty() ? "" : this + ": ";
  }

  /** A key that is set here, as messages begin with it; a {@code --set} names it itself. */
  String at(String key) {
    return source.equals("--set " + key) ? source : prefix() + key;
  }

  @Override
  public String toString() {
    return line > 0 ? source + ":" + line : source;
  }
}
