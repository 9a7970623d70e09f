package dev.kindling.data.job;

import dev.kindling.data.clean.Masking;
import java.io.Serializable;
import java.util.List;

/**
 * How texts begin, for people. What the corpus is to be without is masked there too: a document may have been dropped before it was.
 *
 * @param masks in their order
 */
record Excerpts(List<Masking> masks) implements Serializable {
  /** Characters that are looked at: what begins in an excerpt ends among them. */
  private static final int READ = 4_000;

  Excerpts { masks = List.copyOf(masks); }

  /** With the masks that are on. */
  static Excerpts of(List<PrepStage> stages) {
    return new Excerpts(stages.stream().flatMap(stage -> stage.steps().stream())
        .filter(step -> step instanceof RuleStep one && one.rule() instanceof Masking)
        .map(step -> (Masking) ((RuleStep) step).rule()).toList());
  }

  String of(String text) {
    return StageCounts.excerpt(masked(beginning(text)));
  }

  /** As much as an excerpt is made of, without half a character at its end. */
  static String beginning(String text) {
    if (text.length() <= READ) return text;
    return text.substring(0, Character.isHighSurrogate(text.charAt(READ - 1)) ? READ - 1 : READ);
  }

  /** All of a text. */
  String masked(String text) {
    String masked = text;
    for (Masking mask : masks) masked = mask.apply(masked).text();
    return masked;
  }
}
