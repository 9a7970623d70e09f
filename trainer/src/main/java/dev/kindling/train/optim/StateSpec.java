package dev.kindling.train.optim;

import java.util.ArrayList;
import java.util.List;

/**
 * What an optimizer keeps of one owned range from step to step, float32.
 *
 * @param name such as {@code exp_avg}
 * @param from its first element within the state of the whole parameter
 * @param size elements
 */
public record StateSpec(String name, long from, long size) {
  /** States of as many elements as the range has, each at its element's place. */
  static List<StateSpec> ofEachElement(OwnedRange range, String... names) {
    List<StateSpec> all = new ArrayList<>();
    for (String name : names) all.add(new StateSpec(name, range.from(), range.size()));
    return all;
  }
}
