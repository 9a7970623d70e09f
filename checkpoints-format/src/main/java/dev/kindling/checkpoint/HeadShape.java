package dev.kindling.checkpoint;

import static dev.kindling.checkpoint.UserError.require;

import java.util.Collections;
import java.util.List;

/**
 * The attention of a {@link LlamaConfig}.
 *
 * @param heads of the queries; @param keyValueHeads each shared by heads / keyValueHeads query heads
 * @param width of one head
 * @param inputBias of queries, keys and values; @param outputBias of the projection out
 * @param windows of each layer: how many tokens a token sees, itself included; 0: all before it
 * @param scalar scores are divided by its root: the head's width unless a file says otherwise
 * @param softcap c of c tanh(score / c); 0: none
 */
public record HeadShape(int heads, int keyValueHeads, int width, boolean inputBias, boolean outputBias,
    List<Integer> windows, float scalar, float softcap) {
  public HeadShape {
    require(heads > 0, "num_attention_heads", heads, "a whole number above 0");
    require(keyValueHeads > 0 && heads % keyValueHeads == 0, "num_key_value_heads", keyValueHeads,
        "a divisor of num_attention_heads, " + heads);
    require(width > 0 && (long) width * heads <= Integer.MAX_VALUE / 4, "head_dim", width, "a whole number above 0");
    require(scalar > 0, "query_pre_attn_scalar", scalar, "a number above 0");
    require(softcap >= 0, "attn_logit_softcapping", softcap, "a number above 0, or null");
    windows = List.copyOf(windows);
  }

  /** Grouped heads without biases, windows and caps. */
  public static HeadShape of(int heads, int keyValueHeads, int width, int layers) {
    return new HeadShape(heads, keyValueHeads, width, false, false, Collections.nCopies(layers, 0), width, 0);
  }

  /** The widest window, or 0. */
  int window() {
    return windows.stream().mapToInt(Integer::intValue).max().orElse(0);
  }
}
