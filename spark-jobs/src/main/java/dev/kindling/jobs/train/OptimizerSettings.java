package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.optim.Adafactor;
import dev.kindling.train.optim.AdamW;
import dev.kindling.train.optim.Lion;
import dev.kindling.train.optim.Muon;
import dev.kindling.train.optim.MuonWithAdamW;
import dev.kindling.train.optim.OptimizerRecipe;
import dev.kindling.train.optim.ParameterGroups;
import dev.kindling.train.optim.Sgd;
import java.io.Serializable;
import java.util.List;

/**
 * What turns gradients into new weights.
 *
 * @param kind MUON for the hidden matrices with AdamW for the rest; or one for all
 * @param rate peak learning rate; of the hidden matrices with MUON
 * @param adamwRate peak of the rest with MUON; 0: the same as {@code rate}
 * @param momentum of MUON and SGD
 * @param nesterov whether SGD looks ahead by one step; MUON always does
 * @param beta1 of AdamW and LION
 * @param beta2 of AdamW and LION; 0: 0.95 and 0.99
 * @param epsilon of AdamW and ADAFACTOR; 0: 1e-8 and 1e-3
 * @param decay of the weights
 * @param groups of parameters that are treated otherwise; the default is one, of biases and norms, which do not decay
 */
public record OptimizerSettings(Kind kind, double rate, double adamwRate, double momentum, boolean nesterov,
    double beta1, double beta2, double epsilon, double decay, List<GroupSettings> groups) implements Serializable {
  public enum Kind {
    MUON, ADAMW, ADAFACTOR, LION, SGD
  }

  public OptimizerSettings {
    require(rate > 0, "optimizer.rate", rate, "a positive learning rate, such as 3e-3");
    require(adamwRate >= 0, "optimizer.adamwRate", adamwRate, "a positive learning rate, or 0 for optimizer.rate");
    require(momentum >= 0 && momentum < 1, "optimizer.momentum", momentum, "from 0 to below 1");
    require(beta1 >= 0 && beta1 < 1, "optimizer.beta1", beta1, "from 0 to below 1");
    require(beta2 >= 0 && beta2 < 1, "optimizer.beta2", beta2, "from 0 to below 1");
    require(epsilon >= 0, "optimizer.epsilon", epsilon, "positive, such as 1e-8, or 0 for the optimizer's usual one");
    require(decay >= 0, "optimizer.decay", decay, "0 or more");
    groups = List.copyOf(groups);
    for (int i = 0; i < groups.size(); i++) {
      GroupSettings group = groups.get(i);
      require(!group.names().isEmpty() || !group.roles().isEmpty(), "optimizer.groups[" + i + "].names", "empty",
          "one pattern or more, or roles must be given");
    }
  }

  public static OptimizerSettings defaults() {
    return new OptimizerSettings(Kind.MUON, 5e-3, 0, 0.95, false, 0.9, 0, 0, 0.1, List.of(GroupSettings.vectors()));
  }

  /** @param bfloat16 whether the run computes in it */
  OptimizerRecipe recipe(boolean bfloat16) {
    OptimizerRecipe forAll = switch (kind) {
      case ADAMW -> adamw(rate);
      case ADAFACTOR -> new Adafactor.Recipe(rate, -0.8, or(epsilon, 1e-3), 1, decay);
      case LION -> new Lion.Recipe(rate, beta1, or(beta2, 0.99), decay);
      case SGD -> new Sgd.Recipe(rate, momentum, nesterov, decay);
      case MUON -> {
        Muon.Recipe usual = Muon.Recipe.of(rate, bfloat16);
        yield new MuonWithAdamW.Recipe(
            new Muon.Recipe(rate, momentum, decay, usual.scaling(), bfloat16),
            adamw(or(adamwRate, rate)));
      }
    };
    return groups.isEmpty()
        ? forAll
        : new ParameterGroups.Recipe(forAll, groups.stream().map(GroupSettings::group).toList());
  }

  private AdamW.Recipe adamw(double peak) {
    return new AdamW.Recipe(peak, beta1, or(beta2, 0.95), or(epsilon, 1e-8), decay);
  }

  private static double or(double value, double usual) {
    return value > 0 ? value : usual;
  }

  /** @param names of all parameters; @throws dev.kindling.checkpoint.UserError where a pattern fits none of them */
  void refuseNamesThatAreNone(List<String> names) {
    for (int i = 0; i < groups.size(); i++) groups.get(i).refuseNamesThatAreNone("optimizer.groups[" + i + "]", names);
  }
}
