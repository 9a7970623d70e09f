package dev.kindling.train.model;

import dev.kindling.train.autodiff.Weight;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * Turns "this weight's gradient is whole" into "all elements from here on are", which is what ranks exchange. The way back comes
 * from a model's end, and so does the flat vector's: few weights wait for one behind them.
 */
final class WholeGradients {
  private final List<Parameter> parameters;
  private final Set<String> waiting = new HashSet<>();
  private final LongConsumer told;
  private int first;                             // the parameters from this one on are whole

  WholeGradients(ParameterLayout layout, Set<Weight> used, LongConsumer told) {
    this.parameters = layout.parameters();
    this.told = told;
    for (Weight weight : used) waiting.add(weight.name());
    first = parameters.size();
    tell();
  }

  void add(Weight whole) {
    whole.gradient();                            // zeros where nothing was added
    waiting.remove(whole.name());
    tell();
  }

  private void tell() {
    int before = first;
    while (first > 0 && !waiting.contains(parameters.get(first - 1).name())) first--;
    if (first < before) told.accept(first == 0 ? 0 : parameters.get(first).offset());
  }
}
