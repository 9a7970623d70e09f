package dev.kindling.jobs.command;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.AccessDeniedException;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.ParentNotDirectoryException;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.security.AccessControlException;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The files and folders that a command line names, before a verb opens one. */
final class GivenPaths {
  /** What options and arguments call them; those of one kind are MODEL.onnx or FILE.tiktoken. */
  private static final Set<String> LABELS = Set.of("DIR", "FILE", "PATH", VerbOptions.FILE);

  private GivenPaths() {
  }

  /** A shell's variable that is not set gives such a name. @throws ParameterException that tells which one is empty */
  static void refuseEmpty(ParseResult parsed) {
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

  /**
   * What to tell where a name, of the command line or of a file of settings, is none that Hadoop takes, or a place where
   * this process may not read or write; empty for all other failures.
   */
  static Optional<String> unusable(Throwable failure) {
    Throwable cause = failure;
    for (int depth = 0; cause != null && depth < 20; depth++, cause = cause.getCause()) {
      if (cause instanceof IllegalArgumentException && cause.getCause() instanceof URISyntaxException syntax
          && isThrownByPath(cause)) {
        return Optional.of("the path " + syntax.getInput() + " cannot be used: " + syntax.getReason()
            + "; before a colon stands the kind of a file system, as in file:///data or hdfs://host/data, and names hold none");
      }
      if (isNoPlace(cause)) {
        return Optional.of((cause instanceof AccessDeniedException ? "access is denied: " : "") + cause.getMessage()
            + "; name a place that this user may read, or make files and folders in");
      }
    }
    return Optional.empty();
  }

  private static boolean isThrownByPath(Throwable failure) {
    StackTraceElement[] stack = failure.getStackTrace();
    return stack.length > 0 && stack[0].getClassName().equals(Path.class.getName());
  }

  private static boolean isNoPlace(Throwable cause) {
    String message = String.valueOf(cause.getMessage());
    return cause instanceof ParentNotDirectoryException || cause instanceof AccessDeniedException
        || cause instanceof AccessControlException
        || cause instanceof FileAlreadyExistsException && message.contains("is not a directory")
        || cause instanceof IOException && message.startsWith("Mkdirs failed to create ");
  }
}
