package dev.kindling.train.model;

import dev.kindling.checkpoint.UserError;

/** Holds ids that come from data to what a model has rows for. */
final class Tokens {
  private Tokens() {
  }

  /** @return the id; @throws UserError where the model knows fewer */
  static int check(String what, int id, int size) {
    if (id < 0 || id >= size) {
      throw new UserError(what + " " + id + " is outside the model's vocabulary of " + size
          + "; the data was made with another tokenizer than the model");
    }
    return id;
  }
}
