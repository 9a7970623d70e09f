package dev.kindling.train.optim;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Optimizers that share a rank's shard, each with ranges of its own. */
final class Several implements Optimizer {
  private final List<Optimizer> parts = new ArrayList<>();

  private Several() {
  }

  /** One optimizer for all ranges that {@code choice} gives equal recipes. */
  static Optimizer create(List<OwnedRange> owned, Function<OwnedRange, OptimizerRecipe> choice, Kernels kernels) {
    Map<OptimizerRecipe, List<OwnedRange>> shares = new LinkedHashMap<>();
    for (OwnedRange range : owned) shares.computeIfAbsent(choice.apply(range), r -> new ArrayList<>()).add(range);
    Several all = new Several();
    boolean made = false;
    try {
      shares.forEach((recipe, ranges) -> all.parts.add(recipe.create(ranges, kernels)));
      made = true;
      return all;
    } finally {
      if (!made) all.close();
    }
  }

  @Override
  public void step(Tensor weights, Tensor gradients, double gradientScale, long step, double factor) {
    for (Optimizer part : parts) part.step(weights, gradients, gradientScale, step, factor);
  }

  @Override
  public List<State> states() {
    return parts.stream().flatMap(part -> part.states().stream()).toList();
  }

  @Override
  public void close() {
    parts.forEach(Optimizer::close);
  }
}
