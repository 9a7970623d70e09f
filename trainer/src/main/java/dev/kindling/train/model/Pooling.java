package dev.kindling.train.model;

/** How the hidden states of a text's tokens become one vector (Reimers and Gurevych 2019, arXiv:1908.10084, section 3). */
public enum Pooling {
  /** Their mean. */
  MEAN,
  /** The first token's, which BERT's texts begin with for this. */
  FIRST
}
