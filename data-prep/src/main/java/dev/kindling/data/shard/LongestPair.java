package dev.kindling.data.shard;

import static dev.kindling.checkpoint.UserError.require;

import java.io.Serializable;

/**
 * How long the texts of pairs are at most, by which the memory of a run is planned.
 *
 * @param prompt tokens of what is read, its end token included; @param completion likewise, of what is to be written
 */
public record LongestPair(int prompt, int completion) implements Serializable {
  public LongestPair {
    require(prompt >= 1, "packing.longest.prompt", prompt, "at least 1, the end token");
    require(completion >= 1, "packing.longest.completion", completion, "at least 1, the end token");
  }

  /** Of both; null: of the other alone. */
  public static LongestPair of(LongestPair one, LongestPair other) {
    if (one == null || other == null) return one == null ? other : one;
    return new LongestPair(Math.max(one.prompt, other.prompt), Math.max(one.completion, other.completion));
  }
}
