package dev.kindling.jobs.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A parsed value and where it stands: what YAML can say, and nothing that Kindling's settings do not need. */
sealed interface Setting {
  Origin origin();

  /** How an error message shows what was found. */
  String found();

  /** {@code key: value} pairs; a child's origin is the line of its key. */
  record Section(Origin origin, Map<String, Setting> children) implements Setting {
    static Section empty(Origin origin) {
      return new Section(origin, new LinkedHashMap<>());
    }

    @Override
    public String found() {
      return "a section of settings";
    }
  }

  /** A list. */
  record Items(Origin origin, List<Setting> items) implements Setting {
    @Override
    public String found() {
      return "a list";
    }
  }

  /** A single value as text; {@code null} where nothing was written. */
  record Scalar(Origin origin, String text) implements Setting {
    @Override
    public String found() {
      return text == null ? "empty" : '"' + text + '"';
    }
  }
}
