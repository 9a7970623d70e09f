package dev.kindling.data.job;

import dev.kindling.data.clean.Outcome;
import java.util.List;

/** Examples of which nothing can be learned are dropped: their template refuses them, no token of a completion is left, or there is no text. */
record ExampleStep(SharedExamples examples) implements DocumentStep {
  static final String NAME = "examples";

  /** The stage behind all others. @param tokenizer its fingerprint */
  static PrepStage stage(SharedExamples examples, String tokenizer) {
    StringBuilder settings = new StringBuilder("tokenizer=" + tokenizer);
    examples.settings().forEach((key, value) -> settings.append(", ").append(key).append('=').append(value));
    return new PrepStage(NAME, List.of(new ExampleStep(examples)), settings.toString());
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Outcome look(String text) {
    return examples.refusal(text).map(why -> new Outcome(text, name() + ": " + why))
        .orElseGet(() -> Outcome.keep(text));
  }
}
