package dev.kindling.jobs.command;

import dev.kindling.jobs.config.NearestName;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * What is wrong with a command line, in a user's words: the parser's own name the types of its fields.
 *
 * @param help what tells more, or empty
 */
record Misuse(String message, String help) {
  static Misuse of(ParameterException first) {
    CommandLine command = first.getCommandLine();
    ParameterException problem = misspelled(first);
    if (!command.getSubcommands().isEmpty() && problem instanceof CommandLine.UnmatchedArgumentException unknown
        && (!unknown.isUnknownOption() || command.getParent() != null)) {
      return new Misuse(noVerb(command, unknown.getUnmatched().get(0)), "");
    }
    String message = choices(problem).or(() -> wrongValue(problem)).or(() -> surplus(problem))
        .orElseGet(() -> problem.getMessage().lines().findFirst().map(line -> line.replaceFirst("^Error: ", ""))
            .orElse("the command cannot be understood"));
    if (problem instanceof CommandLine.UnmatchedArgumentException unmatched && !unmatched.getSuggestions().isEmpty()) {
      message += "; did you mean " + unmatched.getSuggestions().get(0) + "?";
    }
    return new Misuse(message, command.getCommandSpec().qualifiedName() + " --help");
  }

  /** A required option that is misspelled is unknown, and only therefore missing. */
  private static ParameterException misspelled(ParameterException problem) {
    if (!(problem instanceof CommandLine.MissingParameterException)) return problem;
    CommandLine command = problem.getCommandLine();
    return command.getUnmatchedArguments().stream().filter(given -> given.startsWith("-")).findFirst()
        .<ParameterException>map(given -> new CommandLine.UnmatchedArgumentException(command, List.of(given)))
        .orElse(problem);
  }

  /** Of options of which one must be given, where none was. */
  private static Optional<String> choices(ParameterException problem) {
    CommandSpec command = problem.getCommandLine().getCommandSpec();
    if (!problem.getMessage().contains("(specify one of these)")) return Optional.empty();
    return command.argGroups().stream().filter(group -> group.multiplicity().min() > 0).findFirst()
        .map(group -> command.name() + " needs one of " + group.options().stream()
            .map(option -> option.longestName() + (option.arity().max() == 0 ? "" : " " + option.paramLabel()))
            .collect(Collectors.joining(", ")));
  }

  private static Optional<String> wrongValue(ParameterException problem) {
    ArgSpec of = problem.getArgSpec();
    if (of == null || problem.getValue() == null) return Optional.empty();
    return allowed(of).map(what -> name(of) + " is " + problem.getValue() + "; it must be " + what);
  }

  private static Optional<String> allowed(ArgSpec of) {
    Class<?> type = of.type();
    if (type == int.class || type == Integer.class)
      return Optional.of("a whole number, " + Integer.MAX_VALUE + " at most");
    if (type == long.class || type == Long.class) return Optional.of("a whole number");
    if (type == double.class || type == Double.class) return Optional.of("a number");
    return type == Map.class ? Optional.of(of.paramLabel() + ", with a whole number behind the =") : Optional.empty();
  }

  private static Optional<String> surplus(ParameterException problem) {
    if (problem instanceof CommandLine.OverwrittenOptionException twice)
      return Optional.of(name(twice.getOverwritten()) + " is given twice; give it once");
    if (problem instanceof CommandLine.UnmatchedArgumentException unmatched && !unmatched.isUnknownOption()
        && !unmatched.getUnmatched().isEmpty())
      return Optional.of(unmatched.getUnmatched().get(0) + " is not expected: "
          + problem.getCommandLine().getCommandName() + " takes no such word there");
    return Optional.empty();
  }

  private static String name(ArgSpec of) {
    return of instanceof OptionSpec option ? option.longestName() : of.paramLabel();
  }

  private static String noVerb(CommandLine command, String found) {
    Collection<String> verbs = command.getSubcommands().keySet();
    return found + " is not a verb" + (command.getParent() == null ? "" : " of " + command.getCommandName())
        + NearestName.of(found, verbs).map(near -> "; did you mean " + near + "?").orElse("")
        + " (verbs: " + String.join(", ", verbs) + ")";
  }

  /** All of it, in one line. */
  String line() {
    return help.isEmpty() ? message : message + "; see " + help;
  }
}
