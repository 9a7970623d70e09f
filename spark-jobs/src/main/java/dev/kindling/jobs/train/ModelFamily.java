package dev.kindling.jobs.train;

import dev.kindling.checkpoint.LlamaFamily;

/** What can be pre-trained from nothing, by the names that {@code config.json} has. */
public enum ModelFamily {
  GPT2, LLAMA, MISTRAL, QWEN2, QWEN3, PHI3, GEMMA2, MIXTRAL, GPT_NEOX, BLOOM;

  /** Whether it is one of Llama's kin, with grouped heads and gated feed-forward layers. */
  boolean isLlama() {
    return this != GPT2 && this != GPT_NEOX && this != BLOOM;
  }

  LlamaFamily llama() {
    return LlamaFamily.valueOf(name());
  }

  /** Whether layers may have a sliding window. */
  boolean slides() {
    return isLlama() && this != LLAMA;
  }
}
