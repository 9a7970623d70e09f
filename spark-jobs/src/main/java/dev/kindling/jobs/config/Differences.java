package dev.kindling.jobs.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What settings say that their defaults do not: it stays the same when there are more settings, as long as they are not used. */
public final class Differences {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Differences() {
  }

  /**
   * @param defaults of the same type
   * @return by key, such as {@code mask=["email"], preset=web}: numbers and words as they are, all else as JSON; empty for the defaults
   */
  public static String of(Record settings, Record defaults) {
    Map<?, ?> usual = (Map<?, ?>) ResolvedYaml.plain(defaults);
    Map<?, ?> given = (Map<?, ?>) ResolvedYaml.plain(settings);
    Map<String, Object> others = new TreeMap<>();
    usual.forEach((key, value) -> others.put(key.toString(), "none"));           // optional ones that are absent
    given.forEach((key, value) -> others.put(key.toString(), value));
    usual.forEach((key, value) -> others.remove(key.toString(), value));
    return others.entrySet().stream().map(each -> each.getKey() + "=" + text(each.getValue()))
        .collect(Collectors.joining(", "));
  }

  private static String text(Object value) {
    try {
      boolean plain = value instanceof Number || value instanceof Boolean
          || value instanceof String word && word.matches("[\\w.-]+");
      return plain ? value.toString() : JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("writing " + value, e);
    }
  }
}
