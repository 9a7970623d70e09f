package dev.kindling.data.job;

import dev.kindling.data.clean.CleanSettings;
import dev.kindling.data.clean.Outcome;
import dev.kindling.data.clean.Rule;
import java.util.List;
import java.util.stream.Stream;

/**
 * A cleaning rule as a step of the corpus. A document that it leaves without text is dropped.
 *
 * @param rule applied to the text of each document that is still kept
 */
public record RuleStep(Rule rule) implements DocumentStep {
  /** @return the rules that are on, in their order */
  public static List<CorpusStep> of(CleanSettings settings) {
    return settings.rules().stream().<CorpusStep>map(RuleStep::new).toList();
  }

  @Override
  public String name() {
    return rule.name();
  }

  @Override
  public List<String> reasons() {
    return Stream.concat(rule.tests().stream().map(test -> name() + "." + test), Stream.of(name())).toList();
  }

  @Override
  public Outcome look(String text) {
    Outcome outcome = rule.apply(text);
    return outcome.isKept() && outcome.text().isBlank() ? Outcome.drop(text, name(), "no text is left") : outcome;
  }
}
