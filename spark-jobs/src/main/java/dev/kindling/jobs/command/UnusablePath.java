package dev.kindling.jobs.command;

import dev.kindling.checkpoint.Storage;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.AccessDeniedException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.Set;
import java.util.function.BiPredicate;
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
 * the user's mistake where the user named that path. Until a Spark job has begun, which in verbs without any is to their end, so
 * is what lies below a named path; a place that nobody named, such as Spark's own for its event log, is told too, but no other
 * name given to the verb would mend it. Once a job has begun, a refusal at a file of the run's own is a failure of the machine.
 */
final class UnusablePath {
  /** A path in a message, its scheme and host apart; more text may follow. */
  private static final Pattern PATH = Pattern.compile("(?:[A-Za-z][\\w+.-]*:(?://[^/\\s]*)?)?(/.*)", Pattern.DOTALL);
  private static final String ANOTHER_PLACE = "; name a place that this user may read, or make files and folders in";
  private static final String THIS_PLACE = "; let this user read it, or make files and folders in it, or change the "
      + "setting that names it";
  private static final String AFTER_A_PATH = " \t\n\":,;()'";

  private UnusablePath() {
  }

  /** What to tell of a verb; empty for all other failures. @param ran whether a Spark job had begun when it failed */
  static Optional<String> told(Throwable failure, boolean ran, CommandLine verb) {
    return told(failure, ran, given(verb), HadoopFiles::configuration);
  }

  /**
   * What the user wrote, on the command line and in the file of settings, word by word, of {@code KEY=VALUE} the value; and what the
   * verb takes where nothing was written, such as a folder for its output.
   */
  private static Set<String> given(CommandLine verb) {
    Set<String> given = new HashSet<>();
    List<ArgSpec> matched = verb.getParseResult().matchedArgs();
    for (ArgSpec arg : matched) {
      for (String word : arg.originalStringValues()) given.add(word.substring(word.indexOf('=') + 1));
    }
    verb.getCommandSpec().args().stream().filter(arg -> !matched.contains(arg) && arg.paramLabel().equals("DIR"))
        .map(ArgSpec::defaultValue).filter(Objects::nonNull).forEach(given::add);
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
      if (isNoPlace(cause)) {
        boolean named = names(cause, given, conf, ran ? UnusablePath::leadsTo : UnusablePath::touches);
        if (named || !ran)
          return Optional.of((cause instanceof AccessDeniedException ? "access is denied: " : "") + cause.getMessage()
              + (named ? ANOTHER_PLACE : THIS_PLACE));
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

  /** @param asThat how the first path of the message and a given one, which is absolute, belong together */
  private static boolean names(Throwable cause, Collection<String> given, Supplier<Configuration> conf,
      BiPredicate<String, File> asThat) {
    Matcher path = PATH.matcher(String.valueOf(cause.getMessage()));
    Optional<Configuration> known = configuration(conf);
    return path.find() && given.stream().map(each -> PATH.matcher(absolute(known, each))).filter(Matcher::matches)
        .anyMatch(each -> asThat.test(path.group(1), new File(each.group(1).replace("/./", "/"))));
  }

  /** None where it is broken: what failed first is told, and not this. */
  private static Optional<Configuration> configuration(Supplier<Configuration> conf) {
    try {
      return Optional.of(conf.get());
    } catch (RuntimeException e) {
      return Optional.empty();
    }
  }

  /** As its file system has it; not all that was given is a path. */
  private static String absolute(Optional<Configuration> conf, String given) {
    try {
      return conf.isEmpty() ? given : Storage.absolute(conf.get(), given);
    } catch (RuntimeException | ServiceConfigurationError e) {         // of a file system that is not there, too
      return given;
    }
  }

  /** Whether what is told begins with the given path, or with one above it, where it would have to be made. */
  private static boolean leadsTo(String told, File given) {
    for (File place = given; place != null; place = place.getParentFile()) {
      String name = place.getPath();
      if (told.startsWith(name)
          && (told.length() == name.length() || AFTER_A_PATH.indexOf(told.charAt(name.length())) >= 0))
        return true;
    }
    return false;
  }

  /** The same, or with one below it. */
  private static boolean touches(String told, File given) {
    return leadsTo(told, given) || told.startsWith(given.getPath().endsWith("/") ? given.getPath() : given + "/");
  }
}
