package dev.kindling.train.optim;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.model.Parameter;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Parameters that are treated alike, and unlike the rest. One belongs to it when its name and its role are both among those
 * named.
 *
 * @param names patterns of whole names, in which {@code *} stands for any text, such as {@code *.wte.weight}; none: any name
 * @param roles none: any role
 * @param rateFactor what the learning rate is multiplied with
 * @param decayFactor what the weight decay is multiplied with; 0: none
 */
public record ParameterGroup(List<String> names, List<Parameter.Role> roles, double rateFactor, double decayFactor) {
  public ParameterGroup {
    require(rateFactor > 0, "rateFactor", rateFactor, "above 0, such as 0.1");
    require(decayFactor >= 0, "decayFactor", decayFactor, "0 or more");
    require(!names.isEmpty() || !roles.isEmpty(), "names", "empty", "one pattern or more where roles is empty too");
    names = List.copyOf(names);
    roles = List.copyOf(roles);
  }

  /** Biases and the scales of norms do not decay: what most language models are trained with. */
  public static ParameterGroup vectorsWithoutDecay() {
    return new ParameterGroup(List.of(), List.of(Parameter.Role.VECTOR), 1, 0);
  }

  /** Whether a parameter belongs to it. */
  boolean holds(Parameter parameter) {
    return (roles.isEmpty() || roles.contains(parameter.role()))
        && (names.isEmpty() || names.stream().anyMatch(pattern -> matches(pattern, parameter.name())));
  }

  /** Whether a whole name fits a pattern, in which {@code *} stands for any text, also none. */
  public static boolean matches(String pattern, String name) {
    return name.matches(
        Arrays.stream(pattern.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*")));
  }
}
