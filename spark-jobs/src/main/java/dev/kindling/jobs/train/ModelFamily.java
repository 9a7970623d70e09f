package dev.kindling.jobs.train;

import dev.kindling.checkpoint.LlamaFamily;

/** What can be pre-trained from nothing, by the names that {@code config.json} has. */
public enum ModelFamily {
  GPT2, LLAMA, MISTRAL, QWEN2, QWEN3, PHI3, GEMMA2, MIXTRAL, GPT_NEOX, BLOOM, BERT, ROBERTA, DISTILBERT, T5, T5_V1_1;

  /** What it learns. */
  ObjectiveSettings.Kind objective() {
    return switch (this) {
      case BERT, ROBERTA, DISTILBERT -> ObjectiveSettings.Kind.MASKED_WORDS;
      case T5, T5_V1_1 -> ObjectiveSettings.Kind.SPAN_CORRUPTION;
      default -> ObjectiveSettings.Kind.NEXT_TOKEN;
    };
  }

  /** Tokens that its objective needs besides those of a dataset's vocabulary. */
  ExtraTokens extraTokens(int vocabulary) {
    return switch (objective()) {
      case MASKED_WORDS -> ExtraTokens.ofMaskedWords(vocabulary);
      case SPAN_CORRUPTION -> ExtraTokens.ofSpans(vocabulary);
      default -> ExtraTokens.none(vocabulary);
    };
  }

  /** Whether it is one of Llama's kin, with grouped heads and gated feed-forward layers. */
  boolean isLlama() {
    return objective() == ObjectiveSettings.Kind.NEXT_TOKEN && this != GPT2 && this != GPT_NEOX && this != BLOOM;
  }

  LlamaFamily llama() {
    return LlamaFamily.valueOf(name());
  }

  /** Whether layers may have a sliding window. */
  boolean slides() {
    return isLlama() && this != LLAMA;
  }
}
