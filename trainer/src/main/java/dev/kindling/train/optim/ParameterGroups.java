package dev.kindling.train.optim;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Parameter;
import java.util.Arrays;
import java.util.List;

/** One optimizer with rates and weight decays of their own for groups of parameters. */
public final class ParameterGroups {
  private ParameterGroups() {
  }

  /**
   * @param optimizer for parameters of no group, and scaled for those of one
   * @param groups of several that hold a parameter the first counts
   */
  public record Recipe(OptimizerRecipe optimizer, List<ParameterGroup> groups) implements OptimizerRecipe {
    public Recipe { groups = List.copyOf(groups); }

    /** @see Recipe */
    public static Recipe of(OptimizerRecipe optimizer, ParameterGroup... groups) {
      return new Recipe(optimizer, Arrays.asList(groups));
    }

    private OptimizerRecipe of(Parameter parameter) {
      for (ParameterGroup group : groups) {
        if (group.holds(parameter)) return optimizer.scaled(group.rateFactor(), group.decayFactor());
      }
      return optimizer;
    }

    @Override
    public double rate() {
      return optimizer.rate();
    }

    @Override
    public boolean needsWhole(Parameter parameter) {
      return of(parameter).needsWhole(parameter);
    }

    @Override
    public List<StateSpec> statesOf(OwnedRange range) {
      return of(range.parameter()).statesOf(range);
    }

    @Override
    public long workOf(OwnedRange range, Kernels sizing) {
      return of(range.parameter()).workOf(range, sizing);
    }

    @Override
    public Recipe scaled(double rateFactor, double decayFactor) {
      return new Recipe(optimizer.scaled(rateFactor, decayFactor), groups);
    }

    @Override
    public Optimizer create(List<OwnedRange> owned, Kernels kernels) {
      return Several.create(owned, range -> of(range.parameter()), kernels);
    }
  }
}
