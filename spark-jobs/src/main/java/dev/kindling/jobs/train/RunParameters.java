package dev.kindling.jobs.train;

import dev.kindling.jobs.config.ResolvedYaml;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A run's settings as trackers keep them: every key with its dots, and its value as text. */
final class RunParameters {
  private RunParameters() {
  }

  static Map<String, String> of(PretrainPlan plan) {
    Map<String, String> all = new LinkedHashMap<>();
    flatten("", ResolvedYaml.plain(plan.config()), all);
    all.put("steps", Long.toString(plan.steps()));
    all.put("dataset.fingerprint", plan.dataset().fingerprint());
    return all;
  }

  private static void flatten(String key, Object value, Map<String, String> into) {
    if (value instanceof Map<?, ?> section) {
      section.forEach((name, inner) -> flatten(key.isEmpty() ? name.toString() : key + "." + name, inner, into));
    } else if (value instanceof List<?> list) {
      for (int i = 0; i < list.size(); i++) flatten(key + "." + i, list.get(i), into);
    } else {
      into.put(key, String.valueOf(value));
    }
  }
}
