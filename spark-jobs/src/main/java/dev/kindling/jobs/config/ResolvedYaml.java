package dev.kindling.jobs.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Writes a configuration with every default filled in, in the form that {@link Configuration} reads back. */
public final class ResolvedYaml {
  private static final ObjectMapper YAML = new ObjectMapper(
      new YAMLFactory().disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
          .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES).enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS));

  private ResolvedYaml() {
  }

  /** @return the record as YAML, its components in their order; absent optional values are left out */
  public static String write(Record configuration) {
    try {
      return YAML.writeValueAsString(plain(configuration));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("writing " + configuration, e);
    }
  }

  /** @return the record as maps, lists, numbers, booleans and text, for JSON too */
  public static Object plain(Object value) {
    if (value instanceof Record record) {
      Map<String, Object> fields = new LinkedHashMap<>();
      for (RecordComponent component : record.getClass().getRecordComponents()) {
        Object field = plain(read(component, record));
        if (field != null) fields.put(component.getName(), field);
      }
      return fields;
    }
    if (value instanceof Optional<?> optional) return optional.map(ResolvedYaml::plain).orElse(null);
    if (value instanceof List<?> list) {
      List<Object> items = new ArrayList<>();
      for (Object item : list) items.add(plain(item));
      return items;
    }
    if (value instanceof Map<?, ?> map) {
      Map<String, Object> fields = new LinkedHashMap<>();
      map.forEach((key, item) -> fields.put(key.toString(), plain(item)));
      return fields;
    }
    if (value == null || value instanceof Number || value instanceof Boolean) return value;
    if (value instanceof Enum<?> constant) return ScalarType.plain(constant.name());
    return value.toString();
  }

  private static Object read(RecordComponent component, Record from) {
    try {
      component.getAccessor().setAccessible(true);
      return component.getAccessor().invoke(from);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("reading " + component, e);
    }
  }
}
