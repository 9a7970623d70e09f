package dev.kindling.checkpoint;

import java.util.Arrays;

/** What the head on top of an encoder is for. */
public enum EncoderTask {
  /** No head: hidden states, embeddings of texts. */
  ENCODE("Model", null),
  /** Which word stood where (Devlin et al. 2019, section 3.1). */
  MASKED_WORDS("ForMaskedLM", null),
  /** One of the labels for a text. */
  CLASSIFY("ForSequenceClassification", "single_label_classification"),
  /** Any of the labels for a text. */
  CLASSIFY_MANY("ForSequenceClassification", "multi_label_classification"),
  /** Numbers for a text. */
  REGRESS("ForSequenceClassification", "regression"),
  /** One of the labels for each token. */
  CLASSIFY_TOKENS("ForTokenClassification", null);

  private final String suffix;
  private final String problem;

  EncoderTask(String suffix, String problem) {
    this.suffix = suffix;
    this.problem = problem;
  }

  /** Whether there are labels, named in {@code config.json}'s {@code id2label}. */
  public boolean hasLabels() {
    return this != ENCODE && this != MASKED_WORDS;
  }

  /** Whether a text as a whole is judged. */
  public boolean ofSequences() {
    return problem != null;
  }

  /** The end of Hugging Face's class, such as {@code ForMaskedLM}. */
  String suffix() {
    return suffix;
  }

  /** {@code problem_type}, or null. */
  String problem() {
    return problem;
  }

  static EncoderTask ofProblem(String problem) {
    return Arrays.stream(values()).filter(t -> problem.equals(t.problem)).findFirst().orElseThrow();
  }
}
