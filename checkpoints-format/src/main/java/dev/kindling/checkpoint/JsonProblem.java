package dev.kindling.checkpoint;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Why a text is no JSON, in a user's words, and where: the parser's own speak of its tokens, sources and limits.
 *
 * @param line 0 where it is not known; @param column the same
 */
public record JsonProblem(int line, int column, String said) {
  private static final Pattern QUOTED = Pattern.compile("'(.{1,40}?)'", Pattern.DOTALL);
  private static final Pattern CHARACTER = Pattern.compile("Unexpected character \\('(.+?)' \\(code \\d+");
  private static final Pattern BYTE = Pattern.compile("0x[0-9a-fA-F]{2}");

  public static JsonProblem of(JsonProcessingException e) {
    JsonLocation at = e.getLocation();
    return at == null
        ? new JsonProblem(0, 0, said(e))
        : new JsonProblem(Math.max(0, at.getLineNr()), Math.max(0, at.getColumnNr()), said(e));
  }

  private static String said(JsonProcessingException e) {
    String message = String.valueOf(e.getOriginalMessage());
    if (e instanceof JsonEOFException || message.startsWith("Unexpected end-of-input")
        || message.startsWith("Unexpected EOF"))
      return "it ends too early: a bracket or a quotation mark is not closed";
    if (e instanceof StreamConstraintsException)
      return message.contains("depth") ? "it is nested too deeply" : "a number or a text in it is too long";
    if (message.startsWith("Duplicate field")) return "the key " + quoted(message) + " is there twice";
    if (message.startsWith("Unrecognized token"))
      return quoted(message) + " is no value: texts stand in double quotation marks";
    if (message.startsWith("Non-standard token")) return quoted(message) + " is no value of JSON's";
    if (message.startsWith("Unexpected close marker"))
      return quoted(message) + " stands where another bracket is open, or none";
    if (message.contains("numeric value")) return "a number is not written as one, or is too large";
    if (message.contains("hex-digit")) return "\\u is not followed by four hexadecimal digits";
    if (message.startsWith("Unexpected character")) return unexpected(message);
    if (message.startsWith("Illegal unquoted character"))
      return "a text holds a line's end, a tab or another control character as it is; it must be written as \\n, \\t or \\u000b are";
    if (message.startsWith("Illegal character")) return "a control character stands between its parts";
    if (message.startsWith("Unrecognized character escape"))
      return "a backslash stands before a character that needs none; write \\\\ for a backslash";
    if (message.startsWith("Invalid UTF-8"))
      return "it is not UTF-8: there is a byte " + first(BYTE, message, "that cannot be");
    if (message.startsWith("Trailing token")) return "something follows behind its end";
    if (e instanceof UnrecognizedPropertyException)
      return path((JsonMappingException) e) + " is no key that this program knows";
    if (e instanceof JsonMappingException mapping && !mapping.getPath().isEmpty())
      return path(mapping) + " is missing, or of another kind than belongs there";
    return "it cannot be read from there on";
  }

  private static String path(JsonMappingException e) {
    StringBuilder path = new StringBuilder();
    for (JsonMappingException.Reference step : e.getPath()) {
      if (step.getFieldName() == null) path.append('[').append(step.getIndex()).append(']');
      else path.append(path.length() == 0 ? "" : ".").append(step.getFieldName());
    }
    return path.toString();
  }

  private static String unexpected(String message) {
    Matcher matcher = CHARACTER.matcher(message);
    String found = matcher.find() ? matcher.group(1) : "a character";
    if (message.contains("double-quote to start field name"))
      return "a key in double quotation marks, or }, is expected, not " + found;
    if (message.contains("colon")) return "a colon is expected behind a key, not " + found;
    if (message.contains("comma")) return "a comma or a closing bracket is expected, not " + found;
    return "a value is expected, not " + found;
  }

  private static String quoted(String message) {
    Matcher matcher = QUOTED.matcher(message);
    return matcher.find() ? matcher.group(1) : "something";
  }

  private static String first(Pattern of, String message, String otherwise) {
    Matcher matcher = of.matcher(message);
    return matcher.find() ? matcher.group() : otherwise;
  }

  /** With its column, where that is known: of a text that is one line of a file. */
  public String inLine() {
    return said + (column > 0 ? " (column " + column + ")" : "");
  }

  /** With its line and column, where these are known. */
  @Override
  public String toString() {
    return said + (line > 0 ? " (line " + line + ", column " + column + ")" : "");
  }
}
