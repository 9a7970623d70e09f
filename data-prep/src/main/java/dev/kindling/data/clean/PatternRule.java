package dev.kindling.data.clean;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.kindling.checkpoint.UserError;
import java.util.Optional;

/**
 * A regular expression of the user's own, in RE2's syntax: matching takes time linear in the text for every expression, so there
 * are no back references and no looking around. With a replacement, every match is replaced; without, a document with a match goes.
 */
public final class PatternRule implements Rule {
  private static final long serialVersionUID = 1L;

  private final String name;
  private final Pattern pattern;
  private final String replacement;

  private PatternRule(String name, Pattern pattern, String replacement) {
    this.name = name;
    this.pattern = pattern;
    this.replacement = replacement;
  }

  /**
   * @param name in reasons, behind {@code patterns.}, so that it is no other step's: such as {@code bad-words}
   * @param pattern {@code (?i)} at its beginning makes it blind to case
   * @param replacement may name groups as {@code $1}; the empty text removes what matched
   * @throws UserError for an expression or a replacement that cannot be used
   */
  public static PatternRule of(String name, String pattern, Optional<String> replacement) {
    try {
      Pattern compiled = Pattern.compile(pattern);
      replacement.ifPresent(to -> tryReplacing(name, compiled, to));
      return new PatternRule("patterns." + name, compiled, replacement.orElse(null));
    } catch (PatternSyntaxException e) {
      throw new UserError(
          "patterns." + name + " is '" + pattern + "'; it must be a regular expression of RE2 (" + e.getDescription()
              + (e.getPattern() == null ? "" : ": " + e.getPattern())
              + "), which has no back references and no looking around",
          e);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Outcome apply(String text) {
    Matcher matcher = pattern.matcher(text);
    if (!matcher.find()) return Outcome.keep(text);
    if (replacement == null)
      return Outcome.drop(text, name, "matches '%s' at character %d", pattern.pattern(), matcher.start());
    return Outcome.keep(matcher.reset().replaceAll(replacement));
  }

  /** The library reads the replacement when something matches first: here, so that it is not in the middle of a job. */
  private static void tryReplacing(String name, Pattern pattern, String replacement) {
    try {
      StringBuilder groups = new StringBuilder("(?:x)");
      for (int i = 0; i < pattern.groupCount(); i++) groups.append("(x)?");
      if (!replacement.contains("${")) Pattern.compile(groups.toString()).matcher("x").replaceAll(replacement);
    } catch (RuntimeException e) {
      throw new UserError(
          "patterns." + name + ".replacement is '" + replacement + "'; it must be text, in which $1 to $"
              + pattern.groupCount() + " are the pattern's groups and \\$ is a dollar",
          e);
    }
  }
}
