package dev.kindling.checkpoint;

import java.util.List;

/**
 * The ids with a meaning of their own.
 *
 * @param begin {@code bos_token_id}, or -1; @param end {@code eos_token_id}: none, one or several
 * @param pad {@code pad_token_id}, or -1
 */
public record TokenIds(int begin, List<Integer> end, int pad) {
  public static final TokenIds NONE = new TokenIds(-1, List.of(), -1);

  public TokenIds { end = List.copyOf(end); }

  /** One token that begins and ends texts. */
  public static TokenIds endOfText(int token) {
    return new TokenIds(token, List.of(token), -1);
  }

  static TokenIds read(ConfigKeys keys) {
    return new TokenIds(keys.token("bos_token_id"), keys.tokens("eos_token_id"), keys.token("pad_token_id"));
  }

  void write(ConfigJson json) {
    json.token("bos_token_id", begin).tokens("eos_token_id", end).token("pad_token_id", pad);
  }
}
