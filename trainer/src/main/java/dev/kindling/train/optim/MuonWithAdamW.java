package dev.kindling.train.optim;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Muon for the matrices between hidden states, AdamW for embeddings, heads, biases and norms, as Jordan et al. advise. */
public final class MuonWithAdamW implements Optimizer {
  /** @param hidden for {@link Parameter.Role#HIDDEN_MATRIX}; @param rest for all others */
  public record Recipe(Muon.Recipe hidden, AdamW.Recipe rest) implements OptimizerRecipe {
    @Override
    public double rate() {
      return hidden.rate();
    }

    private OptimizerRecipe of(Parameter parameter) {
      return parameter.role() == Parameter.Role.HIDDEN_MATRIX ? hidden : rest;
    }

    @Override
    public boolean needsWhole(Parameter parameter) {
      return of(parameter).needsWhole(parameter);
    }

    @Override
    public int statesOf(Parameter parameter) {
      return of(parameter).statesOf(parameter);
    }

    @Override
    public Optimizer create(List<OwnedRange> owned, Kernels kernels) {
      List<OwnedRange> matrices = new ArrayList<>();
      List<OwnedRange> others = new ArrayList<>();
      for (OwnedRange range : owned) (of(range.parameter()) == hidden ? matrices : others).add(range);
      return new MuonWithAdamW(hidden.create(matrices, kernels), rest.create(others, kernels));
    }
  }

  private final Optimizer hidden;
  private final Optimizer rest;

  private MuonWithAdamW(Optimizer hidden, Optimizer rest) {
    this.hidden = hidden;
    this.rest = rest;
  }

  @Override
  public void step(Tensor weights, Tensor gradients, double gradientScale, long step, double factor) {
    hidden.step(weights, gradients, gradientScale, step, factor);
    rest.step(weights, gradients, gradientScale, step, factor);
  }

  @Override
  public List<State> states() {
    List<State> all = new ArrayList<>(hidden.states());
    all.addAll(rest.states());
    return all;
  }

  @Override
  public void close() {
    hidden.close();
    rest.close();
  }
}
