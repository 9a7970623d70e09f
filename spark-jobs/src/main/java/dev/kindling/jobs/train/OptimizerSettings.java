package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.optim.AdamW;
import dev.kindling.train.optim.Muon;
import dev.kindling.train.optim.MuonWithAdamW;
import dev.kindling.train.optim.OptimizerRecipe;
import dev.kindling.train.optim.Sgd;
import java.io.Serializable;

/**
 * What turns gradients into new weights.
 *
 * @param kind MUON for the hidden matrices with AdamW for the rest, ADAMW for all, or SGD
 * @param rate peak learning rate; of the hidden matrices with MUON
 * @param adamwRate peak of the rest with MUON; 0: the same as {@code rate}
 * @param momentum of MUON and SGD
 * @param beta1 of AdamW; @param beta2 of AdamW; @param epsilon of AdamW
 * @param decay of the weights
 */
public record OptimizerSettings(Kind kind, double rate, double adamwRate, double momentum, double beta1, double beta2,
    double epsilon, double decay) implements Serializable {
  public enum Kind {
    MUON, ADAMW, SGD
  }

  public OptimizerSettings {
    require(rate > 0, "optimizer.rate", rate, "a positive learning rate, such as 3e-3");
    require(adamwRate >= 0, "optimizer.adamwRate", adamwRate, "a positive learning rate, or 0 for optimizer.rate");
    require(momentum >= 0 && momentum < 1, "optimizer.momentum", momentum, "from 0 to below 1");
    require(beta1 >= 0 && beta1 < 1, "optimizer.beta1", beta1, "from 0 to below 1");
    require(beta2 >= 0 && beta2 < 1, "optimizer.beta2", beta2, "from 0 to below 1");
    require(epsilon > 0, "optimizer.epsilon", epsilon, "positive, such as 1e-8");
    require(decay >= 0, "optimizer.decay", decay, "0 or more");
  }

  public static OptimizerSettings defaults() {
    return new OptimizerSettings(Kind.MUON, 5e-3, 0, 0.95, 0.9, 0.95, 1e-8, 0.1);
  }

  /** @param bfloat16 whether the run computes in it */
  OptimizerRecipe recipe(boolean bfloat16) {
    AdamW.Recipe adamw = new AdamW.Recipe(kind == Kind.MUON && adamwRate > 0 ? adamwRate : rate, beta1, beta2, epsilon,
        decay);
    return switch (kind) {
      case ADAMW -> adamw;
      case SGD -> new Sgd.Recipe(rate, momentum, false, decay);
      case MUON -> {
        Muon.Recipe usual = Muon.Recipe.of(rate, bfloat16);
        yield new MuonWithAdamW.Recipe(
            new Muon.Recipe(rate, momentum, decay, usual.scaling(), usual.sideBySide(), bfloat16), adamw);
      }
    };
  }
}
