package dev.kindling.data.clean;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CleanSettingsTest {
  @Test
  void nothingIsDoneThatWasNotAskedFor() {
    assertThat(CleanSettings.defaults().rules()).isEmpty();
  }

  @Test
  void rulesComeInOneOrderWhateverOrderTheyWereGivenIn() {
    CleanSettings all = new CleanSettings(true, true,
        List.of(new CleanSettings.OwnPattern("b", "x", Optional.empty()),
            new CleanSettings.OwnPattern("a", "y", Optional.of("z"))),
        true,
        10, 0, 0.3, true, true, List.of("en"), List.of("de"), List.of(Masking.Kind.PHONE, Masking.Kind.EMAIL));
    assertThat(all.rules()).extracting(Rule::name).containsExactly("html", "whitespace", "patterns.b", "patterns.a",
        "c4",
        "length",
        "symbols", "gopher",
        "repetition", "language", "mask.email", "mask.phone");
  }

  @Test
  void thePresetForTheWebIsTheRulesForPages() {
    CleanSettings none = CleanSettings.defaults();
    CleanSettings web = new CleanSettings(CleanSettings.Preset.WEB, false, false, List.of(), false, 0, 0, 1, false,
        false,
        List.of(), List.of(), List.of(Masking.Kind.EMAIL));
    assertThat(web.rules()).extracting(Rule::name).containsExactly("html", "whitespace", "c4", "gopher", "repetition",
        "mask.email");
    assertThat(none.rules()).isEmpty();
  }

  @Test
  void aPatternMayBeCalledAsAStepIsAndItsReasonsAreItsOwn() {
    CleanSettings settings = new CleanSettings(false, false,
        List.of(new CleanSettings.OwnPattern("read", "x", Optional.empty())), false, 0, 0, 1, false, false, List.of(),
        List.of(), List.of());
    assertThat(settings.rules().get(0).apply("xyz").dropped()).isEqualTo("patterns.read: matches 'x' at character 0");
  }

  @Test
  void aValueThatIsNotAllowedIsNamed() {
    assertThatThrownBy(() -> with(-1, 0, 1, List.of())).isInstanceOf(UserError.class)
        .hasMessageContaining("minCharacters is -1");
    assertThatThrownBy(() -> with(9, 5, 1, List.of())).isInstanceOf(UserError.class)
        .hasMessageContaining("maxCharacters is 5")
        .hasMessageContaining("at least minCharacters, 9");
    assertThatThrownBy(() -> with(0, 0, 7, List.of())).isInstanceOf(UserError.class)
        .hasMessageContaining("maxSymbols is 7.0");
    assertThatThrownBy(() -> with(0, 0, 1, List.of("de"))).isInstanceOf(UserError.class)
        .hasMessageContaining("otherLanguages is [de]");
    assertThatThrownBy(() -> new CleanSettings.OwnPattern("a b", "x", Optional.empty())).isInstanceOf(UserError.class)
        .hasMessageContaining("name is 'a b'");
  }

  private static CleanSettings with(long fewest, long most, double symbols, List<String> others) {
    return new CleanSettings(false, false, List.of(), false, fewest, most, symbols, false, false, List.of(), others,
        List.of());
  }
}
