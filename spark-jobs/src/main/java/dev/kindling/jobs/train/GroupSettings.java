package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.model.Parameter;
import dev.kindling.train.optim.ParameterGroup;
import java.io.Serializable;
import java.util.List;

/**
 * A group of parameters with a rate and a decay of its own; of several that hold a parameter the first counts.
 *
 * @param names patterns of whole names, in which {@code *} stands for any text; none: any name
 * @param roles none: any role
 * @param rateFactor what the learning rate is multiplied with
 * @param decayFactor what the weight decay is multiplied with; 0: none
 */
public record GroupSettings(List<String> names, List<Parameter.Role> roles, double rateFactor, double decayFactor)
    implements
      Serializable {
  public GroupSettings {
    require(rateFactor > 0, "optimizer.groups.rateFactor", rateFactor, "above 0, such as 0.1");
    require(decayFactor >= 0, "optimizer.groups.decayFactor", decayFactor, "0 or more");
    names = List.copyOf(names);
    roles = List.copyOf(roles);
  }

  /** Where a group's keys are left out: any name, any role, as the rest. */
  public static GroupSettings defaults() {
    return new GroupSettings(List.of(), List.of(), 1, 1);
  }

  /** Biases and the scales of norms, which do not decay. */
  static GroupSettings vectors() {
    return new GroupSettings(List.of(), List.of(Parameter.Role.VECTOR), 1, 0);
  }

  ParameterGroup group() {
    return new ParameterGroup(names, roles, rateFactor, decayFactor);
  }

  void refuseNamesThatAreNone(String key, List<String> all) {
    for (String pattern : names) {
      require(all.stream().anyMatch(name -> ParameterGroup.matches(pattern, name)), key + ".names", pattern,
          "a pattern that fits a parameter of the model, such as " + all.get(0));
    }
  }
}
