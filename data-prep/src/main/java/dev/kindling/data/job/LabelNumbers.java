package dev.kindling.data.job;

import java.io.Serializable;
import java.util.HashMap;
import java.util.List;

/** The numbers of a dataset's classes by their names, on their way to the executors. */
final class LabelNumbers implements Serializable {
  static final LabelNumbers NONE = new LabelNumbers(List.of());
  private static final long serialVersionUID = 1L;

  private final HashMap<String, Integer> numbers = new HashMap<>();

  /** @param names in the order of their numbers */
  LabelNumbers(List<String> names) {
    for (String name : names) numbers.put(name, numbers.size());
  }

  int of(String name) {
    return numbers.get(name);
  }
}
