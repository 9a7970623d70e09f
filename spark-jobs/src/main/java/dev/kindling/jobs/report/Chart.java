package dev.kindling.jobs.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A plot of one or more lines over steps.
 *
 * @param axis what is plotted, with its unit
 * @param steps in their order
 * @param lines a value a step by name; NaN leaves a gap
 */
public record Chart(String axis, long[] steps, Map<String, double[]> lines) {
  /** More points than a screen shows are averaged. */
  private static final int MOST = 2_000;

  public Chart {
    lines = new LinkedHashMap<>(lines);
    lines.forEach((name, values) -> {
      if (values.length != steps.length) throw new IllegalArgumentException(name + " has another length than steps");
    });
  }

  /** As the page's script takes it. */
  Map<String, Object> plain() {
    int together = Math.max(1, (steps.length + MOST - 1) / MOST);
    List<List<Object>> points = new ArrayList<>();
    List<Object> at = new ArrayList<>();
    for (int i = 0; i < steps.length; i += together) at.add(steps[Math.min(steps.length, i + together) - 1]);
    points.add(at);
    lines.values().forEach(values -> points.add(means(values, together)));
    return Map.of("axis", axis, "names", List.copyOf(lines.keySet()), "points", points);
  }

  private static List<Object> means(double[] values, int together) {
    List<Object> means = new ArrayList<>();
    for (int i = 0; i < values.length; i += together) {
      double sum = 0;
      int count = 0;
      for (int j = i; j < Math.min(values.length, i + together); j++) {
        if (Double.isNaN(values[j])) continue;
        sum += values[j];
        count++;
      }
      means.add(count == 0 ? null : sum / count);
    }
    return means;
  }
}
