package dev.kindling.data.decontaminate;

import static dev.kindling.checkpoint.UserError.require;

import java.io.Serializable;
import java.util.List;

/**
 * What counts as a document that holds a piece of an evaluation set: a run of words that both have, without case and punctuation, as
 * GPT-3's authors did (Brown et al. 2020, arXiv:2005.14165, appendix C).
 *
 * @param evaluation files of evaluation sets, folders or globs: JSON lines ({@code .jsonl}, {@code .json}), of which every text counts
 *     by itself, or plain text, of which every paragraph does; packed by gzip or bzip2 or not; none: nothing is looked for
 * @param words of a run
 * @param fewestWords a text of an evaluation set with fewer words than a run is looked for as a whole where it has at least this many;
 *     shorter ones would be found everywhere
 * @param action what happens to a document
 */
public record DecontaminationSettings(List<String> evaluation, int words, int fewestWords,
    Action action) implements Serializable {
  /** Whether a document goes, or stays and is only listed. */
  public enum Action {
    DROP, FLAG
  }

  public DecontaminationSettings {
    evaluation = List.copyOf(evaluation);
    require(evaluation.stream().noneMatch(String::isBlank), "evaluation", evaluation, "paths of files");
    require(words >= 2 && words <= 100, "words", words, "2 to 100");
    require(fewestWords >= 1 && fewestWords <= words, "fewestWords", fewestWords, "1 to words, " + words);
  }

  /** Runs of 13 words, whole texts of 8 to 12; the documents go. */
  public static DecontaminationSettings defaults() {
    return new DecontaminationSettings(List.of(), 13, 8, Action.DROP);
  }

  public boolean isOn() {
    return !evaluation.isEmpty();
  }
}
