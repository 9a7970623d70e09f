package dev.kindling.jobs.config;

import dev.kindling.checkpoint.UserError;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Settings as the user wrote them: a YAML text, then overrides, then {@link #as} one record.
 *
 * <pre>
 *   Configuration.parse("pretrain.yaml", text).set(List.of("train.steps=20")).as(PretrainSettings.class)
 * </pre>
 *
 * A record says its defaults with a public static method {@code defaults()}; a component that neither has a default nor
 * was written is an error. A constructor that refuses a value throws a {@link UserError} whose message begins with the
 * key; the line of that key is put in front.
 */
public final class Configuration {
  private final Setting.Section top;
  private final Map<String, String> options;

  private Configuration(Setting.Section top) {
    this(top, Map.of());
  }

  /** @param options that say settings, by the keys of these */
  private Configuration(Setting.Section top, Map<String, String> options) {
    this.top = top;
    this.options = options;
  }

  /** @param source the file's name for messages, as the user gave it */
  public static Configuration parse(String source, String yaml) {
    return new Configuration(SettingsReader.section(source, yaml));
  }

  /** No file: defaults and overrides only. */
  public static Configuration empty() {
    return new Configuration(Setting.Section.empty(new Origin("", 0)));
  }

  /** @param overrides {@code key=value} each, keys with dots, lists and sections as in YAML; @return the settings with these on top */
  public Configuration set(List<String> overrides) {
    Setting.Section result = top;
    for (String override : overrides) {
      int equals = override.indexOf('=');
      if (equals <= 0) {
        throw new UserError("--set \"" + override + "\" has no key; write it as key=value, such as train.steps=20");
      }
      String key = override.substring(0, equals).strip();
      String source = "--set " + key;
      Setting value = SettingsReader.override(source, override.substring(equals + 1));
      result = with(result, List.of(key.split("\\.", -1)), value, source);
    }
    return new Configuration(result, options);
  }

  /** One setting from an option of its own, such as {@code --model}; {@code null}: the option was not given. */
  public Configuration option(String option, String key, String value) {
    Origin origin = new Origin(option, 0);
    return knowing(option, key).put(key, value == null ? null : new Setting.Scalar(origin, value));
  }

  /** A list from a repeated option. */
  public Configuration option(String option, String key, List<String> values) {
    if (values == null) return knowing(option, key);
    Origin origin = new Origin(option, 0);
    return knowing(option, key).put(key,
        new Setting.Items(origin, values.stream().<Setting>map(value -> new Setting.Scalar(origin, value)).toList()));
  }

  private Configuration put(String key, Setting value) {
    if (value == null) return this;
    return new Configuration(with(top, List.of(key.split("\\.")), value, value.origin().source()), options);
  }

  /** Where the setting is missing, its option is told. */
  private Configuration knowing(String option, String key) {
    Map<String, String> more = new LinkedHashMap<>(options);
    more.put(key, option);
    return new Configuration(top, more);
  }

  /** @return these settings with those of another on top, section by section */
  public Configuration with(Configuration over) {
    Map<String, String> both = new LinkedHashMap<>(options);
    both.putAll(over.options);
    return new Configuration(merged(top, over.top), both);
  }

  private static Setting.Section merged(Setting.Section under, Setting.Section over) {
    Map<String, Setting> children = new LinkedHashMap<>(under.children());
    over.children().forEach((name, value) -> {
      Setting old = children.get(name);
      boolean sections = old instanceof Setting.Section && value instanceof Setting.Section;
      children.put(name, sections ? merged((Setting.Section) old, (Setting.Section) value) : value);
    });
    return new Setting.Section(over.origin(), children);
  }

  /** Everything that was written, whatever it is of. */
  public List<String> texts() {
    return texts(top).toList();
  }

  private static Stream<String> texts(Setting setting) {
    if (setting instanceof Setting.Items list) return list.items().stream().flatMap(Configuration::texts);
    if (setting instanceof Setting.Section section)
      return section.children().values().stream().flatMap(Configuration::texts);
    return Stream.ofNullable(((Setting.Scalar) setting).text());
  }

  /** Whether something was written at this key. */
  public boolean has(String key) {
    Setting.Section section = top;
    String[] path = key.split("\\.", -1);
    for (int i = 0; i < path.length; i++) {
      Setting child = section.children().get(path[i]);
      if (child == null) return false;
      if (i == path.length - 1) return true;
      if (!(child instanceof Setting.Section next)) return false;
      section = next;
    }
    return false;
  }

  /** @return the record that these settings describe */
  public <R extends Record> R as(Class<R> type) {
    return new RecordBinder(top, options).bind(type);
  }

  /** {@code defaults} where nothing was written. */
  public <R extends Record> R as(Class<R> type, R defaults) {
    return new RecordBinder(top, options).bind(type, defaults);
  }

  /** Runs what refuses values by their keys; the line of a refused key is put in front of the message. */
  public <T> T located(Supplier<T> use) {
    return new RecordBinder(top, options).located(use);
  }

  private static Setting.Section with(Setting.Section section, List<String> path, Setting value, String source) {
    Map<String, Setting> children = new LinkedHashMap<>(section.children());
    String name = path.get(0);
    if (path.size() == 1) {
      children.put(name, value);
    } else {
      Setting old = children.get(name);
      Setting.Section inner = old instanceof Setting.Section known
          ? known
          : Setting.Section.empty(new Origin(source, 0));
      children.put(name, with(inner, path.subList(1, path.size()), value, source));
    }
    return new Setting.Section(section.origin(), children);
  }
}
