package dev.kindling.train.generate;

/** Why a text ended. */
public enum FinishReason {
  /** The model gave a stop token. */
  STOP,
  /** As many tokens as asked for, or the model's context is full. */
  LENGTH
}
