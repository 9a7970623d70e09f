package dev.kindling.jobs.lineage;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where a document was read.
 *
 * @param source name of the input, or empty where the dataset does not say
 * @param file as the dataset names it
 * @param position byte offset of its line, or its row in a Parquet file; 0 for a file that is one document, and in a table
 */
public record Origin(String source, String file, long position) {
  /** Of a document that had no id of its own. */
  static final String PLACE = "^(.+)@(\\d{1,18})$";
  private static final Pattern PATTERN = Pattern.compile(PLACE);

  /** What an id tells that is a place, {@code FILE@POSITION}. */
  static Optional<Origin> ofId(String id) {
    Matcher place = PATTERN.matcher(id);
    return place.matches()
        ? Optional.of(new Origin("", place.group(1), Long.parseLong(place.group(2))))
        : Optional.empty();
  }

  /** As a document without an id of its own is called. */
  public String place() {
    return file + "@" + position;
  }

  @Override
  public String toString() {
    return (source.isEmpty() ? "" : source + ": ") + place();
  }
}
