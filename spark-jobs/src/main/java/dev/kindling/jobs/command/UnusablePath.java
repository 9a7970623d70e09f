package dev.kindling.jobs.command;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.AccessDeniedException;
import java.util.Collection;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.ParentNotDirectoryException;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.security.AccessControlException;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;

/**
 * A verb that failed at a path: at a name that Hadoop does not take, or a place where this process may not read or write. It is
 * the user's mistake where the user named that path, and where no Spark job had begun, when a path is taken for one of those that
 * the verb begins with: of verbs without Spark jobs, as {@code export}, that is any. What is refused after that, at a file of the
 * run's own, is nothing that another name mends.
 */
final class UnusablePath {
  /** A path in a message, its scheme and host apart; more text may follow. */
  private static final Pattern PATH = Pattern.compile("(?:[A-Za-z][\\w+.-]*:(?://[^/\\s]*)?)?(/.*)", Pattern.DOTALL);
  private static final String AFTER_A_PATH = " \t\n\":,;()'";

  private UnusablePath() {
  }

  /** What to tell of a verb; empty for all other failures. @param ran whether a Spark job had begun when it failed */
  static Optional<String> told(Throwable failure, boolean ran, CommandLine verb) {
    return told(failure, ran, given(verb), HadoopFiles::configuration);
  }

  /** What the user wrote, on the command line and in the file of settings, word by word: of {@code KEY=VALUE} the value. */
  private static Set<String> given(CommandLine verb) {
    Set<String> given = new HashSet<>();
    for (ArgSpec arg : verb.getParseResult().matchedArgs()) {
      for (String word : arg.originalStringValues()) given.add(word.substring(word.indexOf('=') + 1));
    }
    for (Object mixin : verb.getMixins().values()) {
      if (mixin instanceof VerbOptions options) given.addAll(options.texts());
    }
    return given;
  }

  /**
   * The same.
   *
   * @param ran whether a Spark job had begun when the verb failed
   * @param given what may be a path that the user named; @param conf whose file system paths without a beginning are of
   */
  static Optional<String> told(Throwable failure, boolean ran, Collection<String> given,
      Supplier<Configuration> conf) {
    Throwable cause = failure;
    for (int depth = 0; cause != null && depth < 20; depth++, cause = cause.getCause()) {
      if (cause instanceof IllegalArgumentException && cause.getCause() instanceof URISyntaxException syntax
          && isThrownByPath(cause) && (!ran || given.contains(syntax.getInput()))) {
        return Optional.of("the path " + syntax.getInput() + " cannot be used: " + syntax.getReason()
            + "; before a colon stands the kind of a file system, as in file:///data or hdfs://host/data, and names hold none");
      }
      if (isNoPlace(cause) && (!ran || names(cause, given, conf.get()))) {
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

  /** Whether the first path of the message is a given one, or above one, where it would have to be made. */
  private static boolean names(Throwable cause, Collection<String> given, Configuration conf) {
    Matcher path = PATH.matcher(String.valueOf(cause.getMessage()));
    return path.find() && given.stream().anyMatch(each -> begins(path.group(1), absolute(conf, each)));
  }

  /** As its file system has it; not all that was given is a path. */
  private static String absolute(Configuration conf, String given) {
    try {
      return Storage.absolute(conf, given);
    } catch (IllegalArgumentException | UncheckedIOException | UserError e) {
      return given;
    }
  }

  /** @param given absolute; what is not is no path */
  private static boolean begins(String told, String given) {
    Matcher withScheme = PATH.matcher(given);
    if (!withScheme.matches()) return false;
    for (File place = new File(withScheme.group(1).replace("/./", "/")); place != null; place = place.getParentFile()) {
      String name = place.getPath();
      if (told.startsWith(name)
          && (told.length() == name.length() || AFTER_A_PATH.indexOf(told.charAt(name.length())) >= 0))
        return true;
    }
    return false;
  }
}
