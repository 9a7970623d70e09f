package dev.kindling.jobs.config;

import dev.kindling.checkpoint.UserError;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** Makes a record of a section: names, types and presence are checked here, values by the record's own constructor. */
final class RecordBinder {
  private final Setting.Section top;
  private final Map<String, String> options;
  private final Map<String, Origin> origins = new LinkedHashMap<>();

  /** @param options that say settings, by the keys of these */
  RecordBinder(Setting.Section top, Map<String, String> options) {
    this.top = top;
    this.options = options;
    note("", top);
  }

  <R extends Record> R bind(Class<R> type) {
    return record(type, top, "", null);
  }

  <R extends Record> R bind(Class<R> type, R defaults) {
    return record(type, top, "", defaults);
  }

  <T> T located(Supplier<T> use) {
    try {
      return use.get();
    } catch (UserError refused) {
      throw located(refused, "");
    }
  }

  private <R extends Record> R record(Class<R> type, Setting.Section section, String path, R given) {
    RecordComponent[] components = type.getRecordComponents();
    List<String> names = Arrays.stream(components).map(RecordComponent::getName).toList();
    for (Map.Entry<String, Setting> child : section.children().entrySet()) {
      if (!names.contains(child.getKey())) throw unknown(child.getKey(), child.getValue().origin(), path, names);
    }
    R defaults = given != null ? given : defaultsOf(type);
    Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      String name = components[i].getName();
      String key = path.isEmpty() ? name : path + "." + name;
      Setting setting = section.children().get(name);
      Object fallback = defaults == null ? null : read(components[i], defaults);
      values[i] = component(components[i], setting, key, fallback, section);
    }
    return construct(type, values, path);
  }

  private Object component(RecordComponent component, Setting setting, String key, Object fallback,
      Setting.Section parent) {
    if (setting instanceof Setting.Scalar scalar && scalar.text() == null) setting = null;
    if (setting != null) return value(component.getGenericType(), setting, key, fallback);
    if (fallback != null) return fallback;
    if (component.getType() == Optional.class) return Optional.empty();
    if (component.getType().isRecord()) {
      return record(component.getType().asSubclass(Record.class), Setting.Section.empty(parent.origin()), key, null);
    }
    throw missing(component, key, parent.origin());
  }

  private UserError missing(RecordComponent component, String key, Origin section) {
    boolean ofAnOption = options.containsKey(key);
    boolean saysItself = ofAnOption && component.getType() == String.class;      // text is what every option is given
    return new UserError(section.prefix() + key + " is missing"
        + (saysItself ? "" : "; it must be " + ScalarType.describe(component.getGenericType()))
        + (ofAnOption ? "; give it with " + options.get(key) + ", or as " + key + " in a file of settings" : ""));
  }

  private Object value(Type type, Setting setting, String key, Object fallback) {
    if (type instanceof ParameterizedType generic) {
      Type inner = generic.getActualTypeArguments()[generic.getActualTypeArguments().length - 1];
      if (generic.getRawType() == Optional.class) {
        Object known = fallback instanceof Optional<?> optional ? optional.orElse(null) : null;
        return Optional.of(value(inner, setting, key, known));
      }
      if (generic.getRawType() == List.class) return list(inner, setting, key);
      if (generic.getRawType() == Map.class) return map(inner, setting, key);
    }
    Class<?> plain = (Class<?>) type;
    if (plain.isRecord() && setting instanceof Setting.Scalar scalar) {
      Optional<Object> whole = shorthand(plain, scalar.text());
      if (whole.isPresent()) return whole.get();
    }
    if (plain.isRecord()) {
      if (!(setting instanceof Setting.Section section)) {
        throw wrong(setting, key, "a section with the keys " + String.join(", ", namesOf(plain)));
      }
      return record(plain.asSubclass(Record.class), section, key, (Record) fallback);
    }
    if (!(setting instanceof Setting.Scalar scalar)) throw wrong(setting, key, ScalarType.describe(type));
    return ScalarType.parse(plain, scalar.text())
        .orElseThrow(
            () -> wrong(setting, key, ScalarType.describe(type) + ScalarType.suggestion(plain, scalar.text())));
  }

  private List<Object> list(Type inner, Setting setting, String key) {
    List<Setting> items = setting instanceof Setting.Items several ? several.items() : List.of(setting);
    List<Object> values = new ArrayList<>();
    for (Setting item : items) values.add(value(inner, item, key + "[" + values.size() + "]", null));
    return List.copyOf(values);
  }

  private Map<String, Object> map(Type inner, Setting setting, String key) {
    if (!(setting instanceof Setting.Section section)) throw wrong(setting, key, "a section of named values");
    Map<String, Object> values = new LinkedHashMap<>();
    section.children().forEach((name, child) -> values.put(name, value(inner, child, key + "." + name, null)));
    return values;
  }

  private <R extends Record> R construct(Class<R> type, Object[] values, String path) {
    try {
      Class<?>[] types = Arrays.stream(type.getRecordComponents()).map(RecordComponent::getType).toArray(Class[]::new);
      Constructor<R> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof UserError refused) throw located(refused, path);
      if (e.getCause() instanceof RuntimeException bug) throw bug;
      throw new IllegalStateException(type + " could not be made", e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " could not be made", e);
    }
  }

  /** Puts the line of the refused key, which begins the message, in front; or that of the nearest section around it. */
  private UserError located(UserError refused, String path) {
    String message = refused.getMessage();
    for (Map.Entry<String, Origin> known : origins.entrySet()) {
      boolean located = message.startsWith(known.getValue() + ": ")
          || message.startsWith(known.getValue().at(known.getKey()) + " ");
      if (located) return refused;
    }
    String first = message.split("[ :,;]", 2)[0];
    for (Map.Entry<String, Origin> known : origins.entrySet()) {
      if (sameKey(known.getKey(), first, path)) {
        return new UserError(known.getValue().at(known.getKey()) + message.substring(first.length()), refused);
      }
    }
    if (path.isEmpty()) return refused;            // not about a setting, or about one that was not written
    return new UserError(origins.getOrDefault(path, top.origin()).prefix() + message, refused);
  }

  /** A constructor knows its own name for a key: with or without the sections that lead to it. */
  private static boolean sameKey(String known, String said, String path) {
    boolean here = path.isEmpty() || known.startsWith(path + ".");
    if (known.equals(said)) return true;
    boolean within = known.indexOf('[', path.length()) >= 0;       // an item of a list, whose names many may have
    return here && !within && (known.endsWith("." + said) || known.equals(path + "." + lastName(said)));
  }

  private static String lastName(String key) {
    return key.substring(key.lastIndexOf('.') + 1);
  }

  private void note(String path, Setting.Section section) {
    if (!path.isEmpty()) origins.put(path, section.origin());
    section.children().forEach((name, child) -> note(path.isEmpty() ? name : path + "." + name, child));
  }

  private void note(String key, Setting setting) {
    if (setting instanceof Setting.Section inner) {
      note(key, inner);
      return;
    }
    origins.put(key, setting.origin());
    if (!(setting instanceof Setting.Items several)) return;
    for (int i = 0; i < several.items().size(); i++) note(key + "[" + i + "]", several.items().get(i));
  }

  private static UserError unknown(String name, Origin origin, String path, List<String> allowed) {
    String key = path.isEmpty() ? name : path + "." + name;
    String meant = NearestName.of(name, allowed).map(near -> "; did you mean " + near + "?").orElse("");
    String where = path.isEmpty() ? "here" : "in " + path;
    return new UserError(
        origin.at(key) + " is not a setting" + meant + " (allowed " + where + ": " + String.join(", ", allowed)
            + ")");
  }

  private static UserError wrong(Setting setting, String key, String allowed) {
    return new UserError(setting.origin().at(key) + " is " + setting.found() + "; it must be " + allowed);
  }

  private static List<String> namesOf(Class<?> type) {
    return Arrays.stream(type.getRecordComponents()).map(RecordComponent::getName).toList();
  }

  private static <R extends Record> R defaultsOf(Class<R> type) {
    try {
      Method method = type.getDeclaredMethod("defaults");
      if (!Modifier.isStatic(method.getModifiers()) || method.getReturnType() != type) return null;
      method.setAccessible(true);
      return type.cast(method.invoke(null));
    } catch (NoSuchMethodException e) {
      return null;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("the defaults of " + type, e);
    }
  }

  /** A record with a static method {@code ofText(String)} may also be written as that text. */
  private static Optional<Object> shorthand(Class<?> type, String text) {
    try {
      Method method = type.getDeclaredMethod("ofText", String.class);
      method.setAccessible(true);
      return Optional.of(method.invoke(null, text));
    } catch (NoSuchMethodException e) {
      return Optional.empty();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("the short form of " + type, e);
    }
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
