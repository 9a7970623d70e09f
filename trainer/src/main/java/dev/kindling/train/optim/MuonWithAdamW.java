package dev.kindling.train.optim;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Parameter;
import java.util.List;

/** Muon for the matrices between hidden states, AdamW for embeddings, heads, biases and norms, as Jordan et al. advise. */
public final class MuonWithAdamW {
  private MuonWithAdamW() {
  }

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
    public List<StateSpec> statesOf(OwnedRange range) {
      return of(range.parameter()).statesOf(range);
    }

    @Override
    public long workOf(OwnedRange range, Kernels sizing) {
      return of(range.parameter()).workOf(range, sizing);
    }

    @Override
    public Recipe scaled(double rateFactor, double decayFactor) {
      return new Recipe(hidden.scaled(rateFactor, decayFactor), rest.scaled(rateFactor, decayFactor));
    }

    @Override
    public Optimizer create(List<OwnedRange> owned, Kernels kernels) {
      return Several.create(owned, range -> of(range.parameter()), kernels);
    }
  }
}
