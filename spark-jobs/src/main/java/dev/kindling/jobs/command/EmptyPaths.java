package dev.kindling.jobs.command;

import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Files and folders whose name is empty, as a shell's variable is that is not set: refused before a verb opens one. */
final class EmptyPaths {
  /** What options and arguments call files and folders; those of one kind are MODEL.onnx or FILE.tiktoken. */
  private static final Set<String> LABELS = Set.of("DIR", "FILE", "PATH", VerbOptions.FILE);

  private EmptyPaths() {
  }

  /** @throws ParameterException that tells which one is empty */
  static void refuse(ParseResult parsed) {
    for (CommandLine command : parsed.asCommandLineList()) {
      for (ArgSpec given : command.getParseResult().matchedArgs()) {
        String label = given.paramLabel();
        boolean isPath = LABELS.contains(label) || label.startsWith("FILE.") || label.startsWith("MODEL.");
        if (!isPath || given.originalStringValues().stream().noneMatch(String::isBlank)) continue;
        String name = given instanceof OptionSpec option ? option.longestName() : label;
        throw new ParameterException(command, name + " is empty; it must be the name of a file or folder");
      }
    }
  }
}
