package dev.kindling.data.clean;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class FiltersTest {
  @Test
  void lengthCountsCharactersAndNotTheirHalves() {
    Length length = new Length(3, 5);
    assertThat(length.apply("ab").dropped()).isEqualTo("length: 2 characters, fewer than 3");
    assertThat(length.apply("\uD83D\uDE00".repeat(5)).isKept()).isTrue();
    assertThat(length.apply("abcdef").dropped()).isEqualTo("length: 6 characters, more than 5");
  }

  @Test
  void symbolsAreWhatIsNeitherLetterNorDigitNorSpace() {
    SymbolShare symbols = new SymbolShare(0.5);
    assertThat(symbols.apply("ab -+").isKept()).isTrue();
    assertThat(symbols.apply("a\n --").dropped())
        .isEqualTo("symbols: 0.667 of the characters are symbols, more than 0.5");
    assertThat(symbols.apply("\u0928\u092E\u0938\u094D\u0924\u0947").isKept()).as("marks of a script are no symbols")
        .isTrue();
    assertThat(symbols.apply("").isKept()).isTrue();
  }

  @Test
  void aPatternDropsOrReplacesWhatMatches() {
    Rule drops = PatternRule.of("draft", "(?i)\\bdraft\\b", Optional.empty());
    assertThat(drops.apply("A DRAFT.").dropped()).isEqualTo("patterns.draft: matches '(?i)\\bdraft\\b' at character 2");
    assertThat(drops.apply("overdrafts").isKept()).isTrue();
    Rule replaces = PatternRule.of("swap", "(\\w+)=(\\w+)", Optional.of("$2=$1"));
    assertThat(replaces.apply("a=1, b=2").text()).isEqualTo("1=a, 2=b");
    assertThat(PatternRule.of("gone", "<[^>]*>", Optional.of("")).apply("<b>x</b>").text()).isEqualTo("x");
  }

  @Test
  void aPatternThatCannotBeUsedIsOneClearError() {
    assertThatThrownBy(() -> PatternRule.of("p", "a(b", Optional.empty())).isInstanceOf(UserError.class)
        .hasMessageContaining("patterns.p is 'a(b'").hasMessageContaining("missing closing )");
    assertThatThrownBy(() -> PatternRule.of("p", "a(?=b)", Optional.empty())).isInstanceOf(UserError.class)
        .hasMessageContaining("no looking around");
    assertThatThrownBy(() -> PatternRule.of("p", "(a)", Optional.of("$2"))).isInstanceOf(UserError.class)
        .hasMessageContaining("patterns.p.replacement is '$2'").hasMessageContaining("$1 to $1");
  }

  @Test
  void anExpressionThatBacktracksForEverElsewhereEndsHere() {
    Rule rule = PatternRule.of("worst", "(a|aa)+$", Optional.empty());
    Assertions.assertTimeoutPreemptively(Duration.ofSeconds(20),
        () -> assertThat(rule.apply("a".repeat(20_000) + "b").isKept()).isTrue());
  }

  @Test
  void documentsInTheLanguagesThatWereAskedForStay() {
    LanguageRule rule = new LanguageRule(List.of("en", "de"), List.of("fr", "ru"));
    assertThat(rule.apply("The state of the union is strong, and the people know that it is.").isKept()).isTrue();
    assertThat(rule.apply("Die Lage der Nation ist gut, und die Leute wissen das auch.").isKept()).isTrue();
    assertThat(rule.apply("La nation est forte, et le peuple le sait bien, comme toujours.").dropped())
        .isEqualTo("language: fr, not en, de");
    assertThat(rule.of("\u0421\u0442\u0440\u0430\u043D\u0430 \u0441\u0438\u043B\u044C\u043D\u0430")).isEqualTo("ru");
    assertThat(rule.of("1234 5678")).isEqualTo("unknown");
  }

  @Test
  void onlyTheFirstTwoThousandCharactersSayTheLanguage() {
    LanguageRule rule = new LanguageRule(List.of("en"), List.of("fr"));
    String english = "The state of the union is strong, and the people know that it is. ".repeat(31);
    assertThat(rule.of(english + "La nation est forte, et le peuple le sait bien. ".repeat(1000))).isEqualTo("en");
    assertThat(rule.of("\uD83D\uDE00".repeat(2001) + english)).isEqualTo("unknown");
  }

  @Test
  void aLanguageThatNobodyKnowsIsOneClearError() {
    assertThatThrownBy(() -> new LanguageRule(List.of("xx"), List.of())).isInstanceOf(UserError.class)
        .hasMessageContaining("languages has 'xx'").hasMessageContaining("en, eo");
    assertThatThrownBy(() -> new LanguageRule(List.of("en"), List.of("en"))).isInstanceOf(UserError.class)
        .hasMessageContaining("otherLanguages is [en]");
  }
}
