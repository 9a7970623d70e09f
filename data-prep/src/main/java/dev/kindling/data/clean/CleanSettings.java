package dev.kindling.data.clean;

import static dev.kindling.checkpoint.UserError.require;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/**
 * Which rules clean a corpus; all are off by default. They are applied in the order of the components.
 *
 * @param preset rules that are on together; those that are set are on besides
 * @param html see {@link HtmlEntities}
 * @param whitespace see {@link Whitespace}
 * @param patterns see {@link PatternRule}; one after another
 * @param c4 see {@link C4}
 * @param minCharacters see {@link Length}; 0: any
 * @param maxCharacters 0: any
 * @param maxSymbols see {@link SymbolShare}; 1: any
 * @param gopherQuality see {@link GopherQuality}
 * @param gopherRepetition see {@link GopherRepetition}
 * @param languages to keep, see {@link LanguageRule}; none: all
 * @param otherLanguages that they are told apart from; none: the large ones of the Web
 * @param mask what is replaced by a placeholder, see {@link Masking}
 */
public record CleanSettings(Preset preset, boolean html, boolean whitespace, List<OwnPattern> patterns, boolean c4,
    long minCharacters, long maxCharacters, double maxSymbols, boolean gopherQuality, boolean gopherRepetition,
    List<String> languages,
    List<String> otherLanguages, List<Masking.Kind> mask) {
  /** @throws dev.kindling.checkpoint.UserError for a value that is not allowed, naming it */
  public CleanSettings {
    patterns = List.copyOf(patterns);
    languages = List.copyOf(languages);
    otherLanguages = List.copyOf(otherLanguages);
    mask = List.copyOf(mask);
    require(maxCharacters >= 0, "maxCharacters", maxCharacters, "at least 0, where 0 is any");
    new Length(minCharacters, most(maxCharacters));
    new SymbolShare(maxSymbols);
    require(otherLanguages.isEmpty() || !languages.isEmpty(), "otherLanguages", otherLanguages,
        "empty where languages is; name there what to keep");
    if (!languages.isEmpty()) new LanguageRule(languages, otherLanguages);
    List<String> names = patterns.stream().map(OwnPattern::name).toList();
    require(names.stream().distinct().count() == names.size(), "patterns", names, "patterns with names of their own");
  }

  /**
   * @param name such as {@code bad-words}; reasons begin with {@code patterns.bad-words}
   * @param pattern a regular expression in RE2's syntax
   * @param replacement of each match; without one, documents that match go
   */
  public record OwnPattern(String name, String pattern, Optional<String> replacement) {
    public OwnPattern {
      require(name.matches("[A-Za-z][A-Za-z0-9._-]*"), "name", "'" + name + "'", "a word, such as bad-words");
      PatternRule.of(name, pattern, replacement);
    }
  }

  /** Rules that go well together. */
  public enum Preset {
    NONE,
    /** For pages of the Web: html, whitespace, c4, gopherQuality and gopherRepetition. */
    WEB
  }

  /** Without a preset. */
  public CleanSettings(boolean html, boolean whitespace, List<OwnPattern> patterns, boolean c4, long minCharacters,
      long maxCharacters, double maxSymbols, boolean gopherQuality, boolean gopherRepetition, List<String> languages,
      List<String> otherLanguages, List<Masking.Kind> mask) {
    this(Preset.NONE, html, whitespace, patterns, c4, minCharacters, maxCharacters, maxSymbols, gopherQuality,
        gopherRepetition, languages, otherLanguages, mask);
  }

  public static CleanSettings defaults() {
    return new CleanSettings(false, false, List.of(), false, 0, 0, 1, false, false, List.of(), List.of(), List.of());
  }

  /** @return the rules that are on, in the order in which they are applied */
  public List<Rule> rules() {
    List<Rule> rules = new ArrayList<>();
    boolean web = preset == Preset.WEB;
    if (web || html) rules.add(new HtmlEntities());
    if (web || whitespace) rules.add(new Whitespace());
    patterns.forEach(own -> rules.add(PatternRule.of(own.name(), own.pattern(), own.replacement())));
    if (web || c4) rules.add(new C4());
    if (minCharacters > 0 || maxCharacters > 0) rules.add(new Length(minCharacters, most(maxCharacters)));
    if (maxSymbols < 1) rules.add(new SymbolShare(maxSymbols));
    if (web || gopherQuality) rules.add(new GopherQuality());
    if (web || gopherRepetition) rules.add(new GopherRepetition());
    if (!languages.isEmpty()) rules.add(new LanguageRule(languages, otherLanguages));
    if (!mask.isEmpty()) EnumSet.copyOf(mask).forEach(kind -> rules.add(new Masking(kind)));
    return rules;
  }

  private static long most(long maxCharacters) {
    return maxCharacters == 0 ? Long.MAX_VALUE : maxCharacters;
  }
}
