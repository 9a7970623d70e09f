package dev.kindling.jobs.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Why a text is no YAML, in a user's words, and where: the parser's own speak of its blocks, flows and tokens, and its location is that of
 * the token before.
 *
 * @param line 0 where it is not known
 */
record YamlProblem(int line, int column, String said) {
  private static final Pattern PLACE = Pattern.compile("in 'reader', line (\\d+), column (\\d+)");
  private static final Pattern CHARACTER = Pattern.compile("found character '(.+?)' that cannot start any token");
  private static final Pattern CONTENT = Pattern.compile("expected the node content, but found '(.)'");

  /** Where something is; the message tells first where the part begins that was read, and last what was found in it. */
  private record Place(int line, int column) {}

  static YamlProblem of(JsonProcessingException e) {
    String message = String.valueOf(e.getOriginalMessage());
    List<Place> places = new ArrayList<>();
    Matcher place = PLACE.matcher(message);
    while (place.find()) places.add(new Place(Integer.parseInt(place.group(1)), Integer.parseInt(place.group(2))));
    if (places.isEmpty() && e.getLocation() != null)
      places.add(new Place(e.getLocation().getLineNr(), e.getLocation().getColumnNr()));
    if (places.isEmpty()) places.add(new Place(0, 0));
    Place begin = places.get(0), found = places.get(places.size() - 1);
    boolean isOpen = message.contains("unexpected end of stream") || message.contains("could not find expected ':'");
    Place told = isOpen ? begin : found;
    return new YamlProblem(told.line(), told.column(), said(message, begin.line()));
  }

  /** @param begin the line of what was being read */
  private static String said(String message, int begin) {
    Matcher character = CHARACTER.matcher(message), content = CONTENT.matcher(message);
    if (character.find()) {
      return character.group(1).contains("TAB")
          ? "a tab stands where only spaces may indent"
          : "a value begins with " + character.group(1) + "; put it into quotation marks";
    }
    if (content.find()) return content.group(1) + " stands where a value belongs";
    if (message.contains("mapping values are not allowed"))
      return "a colon is one too many: a text with one stands in quotation marks, and keys of a section are indented alike";
    if (message.contains("expected ',' or ']'"))
      return "the list in [ ] that begins in line " + begin + " is not closed, or lacks a comma";
    if (message.contains("expected ',' or '}'"))
      return "the section in { } that begins in line " + begin + " is not closed, or lacks a comma";
    if (message.contains("escape"))
      return "a backslash in double quotation marks stands before a character that needs none; use single ones";
    if (message.contains("quoted scalar")) return "a quotation mark is not closed";
    if (message.contains("could not find expected ':'")) return "a line has no colon behind its key";
    if (message.contains("expected <block end>")) return "a line is not indented as those that it belongs to";
    if (message.contains("special characters")) return "it holds a control character, or is no UTF-8 text";
    if (message.contains("scanning a block scalar")) return "behind | or > the line must end";
    if (message.contains("scanning a tag") || message.contains("an alias") || message.contains("an anchor"))
      return "a value begins with !, * or &; put it into quotation marks";
    if (message.contains("<document start>")) return "something stands behind the document's end";
    return "it cannot be understood from there on; values with special characters stand in quotation marks";
  }

  /** With its column, where that is known. */
  @Override
  public String toString() {
    return (line > 0 ? "at column " + column + " " : "") + said;
  }
}
