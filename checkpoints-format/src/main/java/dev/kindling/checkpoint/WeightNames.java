package dev.kindling.checkpoint;

import java.util.regex.Pattern;

/**
 * What files of a family may call its tensors besides the names of {@link ModelConfig#tensors}.
 *
 * @param prefix that names may lack, such as {@code model.}: a file of the model without its head has none
 * @param embedding the token embedding's; @param head what a tied model's file may repeat it as
 * @param buffers what is stored beside the weights and is none: masks, position tables
 */
public record WeightNames(String prefix, String embedding, String head, Pattern buffers) {
  private static final Pattern NOTHING = Pattern.compile("(?!)");

  /** A family whose files hold nothing but weights. */
  public static WeightNames of(String prefix, String embedding, String head) {
    return new WeightNames(prefix, embedding, head, NOTHING);
  }

  /** @param buffers a regular expression for whole names, with the prefix */
  public WeightNames ignoring(String buffers) {
    return new WeightNames(prefix, embedding, head, Pattern.compile(buffers));
  }
}
