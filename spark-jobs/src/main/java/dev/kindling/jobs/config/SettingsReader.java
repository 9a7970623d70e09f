package dev.kindling.jobs.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads YAML (JSON is YAML too) into {@link Setting}s that know their lines. */
final class SettingsReader {
  private static final YAMLFactory YAML = new YAMLFactory();

  private final YAMLParser parser;
  private final String source;
  private final boolean withLines;

  private SettingsReader(YAMLParser parser, String source, boolean withLines) {
    this.parser = parser;
    this.source = source;
    this.withLines = withLines;
  }

  /** @param source the file's name for messages; @return the top section, empty for an empty text */
  static Setting.Section section(String source, String yaml) {
    Setting top = value(source, yaml, true);
    if (top instanceof Setting.Section section) return new Setting.Section(new Origin(source, 0), section.children());
    if (top instanceof Setting.Scalar scalar && scalar.text() == null) {
      return Setting.Section.empty(new Origin(source, 0));
    }
    throw new UserError(top.origin() + ": found " + top.found() + " where settings such as \"key: value\" belong");
  }

  /** The text of a {@code --set}: what begins like a list, a section or a quotation is YAML, all else is the text itself. */
  static Setting override(String source, String text) {
    boolean yaml = !text.isBlank() && "[{\"'".indexOf(text.strip().charAt(0)) >= 0;
    if (yaml) return value(source, text, false);
    return new Setting.Scalar(new Origin(source, 0), text.isEmpty() || text.equals("null") ? null : text.strip());
  }

  private static Setting value(String source, String yaml, boolean withLines) {
    try (YAMLParser parser = YAML.createParser(yaml)) {
      SettingsReader reader = new SettingsReader(parser, source, withLines);
      if (parser.nextToken() == null) return new Setting.Scalar(new Origin(source, 0), null);
      Setting value = reader.value(reader.here());
      if (parser.nextToken() != null) {
        throw new UserError(reader.here() + ": a second document begins here; one file holds one");
      }
      return value;
    } catch (JsonProcessingException e) {
      YamlProblem problem = YamlProblem.of(e);
      throw new UserError(new Origin(source, withLines ? problem.line() : 0) + ": not valid YAML: "
          + (withLines ? problem : problem.said()), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Origin here() {
    return new Origin(source, withLines ? parser.currentTokenLocation().getLineNr() : 0);
  }

  private Setting value(Origin origin) throws IOException {
    if (parser.isCurrentAlias()) throw new UserError(origin + ": YAML aliases are not supported; repeat the value");
    JsonToken token = parser.currentToken();
    if (token == JsonToken.START_OBJECT) return section(origin);
    if (token == JsonToken.START_ARRAY) return items(origin);
    return new Setting.Scalar(origin, token == JsonToken.VALUE_NULL ? null : parser.getText());
  }

  private Setting.Section section(Origin origin) throws IOException {
    Map<String, Setting> children = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      Origin key = here();
      String name = parser.currentName();
      parser.nextToken();
      Setting earlier = children.put(name, value(key));
      if (earlier != null) {
        throw new UserError(key + ": " + name + " is set twice, first at " + earlier.origin() + "; keep one");
      }
    }
    return new Setting.Section(origin, children);
  }

  private Setting.Items items(Origin origin) throws IOException {
    List<Setting> items = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) { items.add(value(here())); }
    return new Setting.Items(origin, List.copyOf(items));
  }
}
