package dev.kindling.data.clean;

import com.github.pemistahl.lingua.api.Language;
import com.github.pemistahl.lingua.api.LanguageDetector;
import com.github.pemistahl.lingua.api.LanguageDetectorBuilder;
import dev.kindling.checkpoint.UserError;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps documents in some languages, as the library lingua sees them in the first 2,000 characters, by frequencies of three letters
 * (its low-accuracy mode). Only the models of the languages that are compared are read.
 */
public final class LanguageRule implements Rule {
  private static final long serialVersionUID = 1L;

  /** Languages that are told apart where the user names no others: the large ones of the Web. */
  public static final List<String> COMMON = List.of("ar", "cs", "de", "en", "es", "fa", "fr", "hi", "id", "it", "ja",
      "ko", "nl", "pl",
      "pt", "ru", "sv", "tr", "uk", "vi", "zh");

  private static final int CHARACTERS = 2_000;
  private static final Map<Set<String>, LanguageDetector> DETECTORS = new ConcurrentHashMap<>();

  private final LinkedHashSet<String> kept;
  private final LinkedHashSet<String> compared;

  /**
   * @param kept two-letter codes of ISO 639-1
   * @param others that a document may be in; none: {@link #COMMON}
   */
  public LanguageRule(List<String> kept, List<String> others) {
    this.kept = new LinkedHashSet<>(kept);
    compared = new LinkedHashSet<>(kept);
    compared.addAll(others.isEmpty() ? COMMON : others);
    kept.forEach(code -> language("languages", code));
    others.forEach(code -> language("otherLanguages", code));
    if (compared.size() < 2)
      throw new UserError(
          "otherLanguages is " + others + "; it must name at least one that is not in languages, to be told apart");
  }

  @Override
  public String name() {
    return "language";
  }

  @Override
  public Outcome apply(String text) {
    String found = of(text);
    if (kept.contains(found)) return Outcome.keep(text);
    return Outcome.drop(text, name(), "%s, not %s", found, String.join(", ", kept));
  }

  /** The languages that stay. */
  public Set<String> kept() {
    return Collections.unmodifiableSet(kept);
  }

  /** @return the code of the language that the text is in, or {@code unknown} */
  public String of(String text) {
    int end = text.offsetByCodePoints(0,
        Math.min(CHARACTERS, text.codePointCount(0, Math.min(text.length(), 2 * CHARACTERS))));
    LanguageDetector detector = DETECTORS.computeIfAbsent(compared, LanguageRule::detector);
    Language language = detector.detectLanguageOf(text.substring(0, end));
    return language == Language.UNKNOWN ? "unknown" : code(language);
  }

  private static LanguageDetector detector(Set<String> codes) {
    Language[] languages = codes.stream().map(code -> language("languages", code)).toArray(Language[]::new);
    return LanguageDetectorBuilder.fromLanguages(languages).withLowAccuracyMode().build();
  }

  private static Language language(String key, String code) {
    return Arrays.stream(Language.values()).filter(known -> known != Language.UNKNOWN && code(known).equals(code))
        .findFirst()
        .orElseThrow(
            () -> new UserError(
                key + " has '" + code + "'; it must hold two-letter codes of ISO 639-1 that lingua knows: "
                    + String.join(", ",
                        Arrays.stream(Language.values()).filter(known -> known != Language.UNKNOWN)
                            .map(LanguageRule::code)
                            .sorted().toList())));
  }

  private static String code(Language language) {
    return language.getIsoCode639_1().name().toLowerCase(Locale.ROOT);
  }
}
