package dev.kindling.checkpoint;

import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * What files of a family may call its tensors besides the names of {@link ModelConfig#tensors}.
 *
 * @param prefix that names may lack, such as {@code model.}: a file of the model without its head has none
 * @param embedding the token embedding's; @param head what a tied model's file may repeat it as
 * @param buffers what is stored beside the weights and is none: masks, position tables
 * @param spelling from what older files call a tensor to its name
 */
public record WeightNames(String prefix, String embedding, String head, Pattern buffers,
    UnaryOperator<String> spelling) {
  private static final Pattern NOTHING = Pattern.compile("(?!)");

  /** A family whose files hold nothing but weights. */
  public static WeightNames of(String prefix, String embedding, String head) {
    return new WeightNames(prefix, embedding, head, NOTHING, UnaryOperator.identity());
  }

  /** @param buffers a regular expression for whole names, with the prefix */
  public WeightNames ignoring(String buffers) {
    return new WeightNames(prefix, embedding, head, Pattern.compile(buffers), spelling);
  }

  /** @param spelling from what a file may call a tensor to its name, with or without the prefix; other names stay */
  public WeightNames spelled(UnaryOperator<String> spelling) {
    return new WeightNames(prefix, embedding, head, buffers, spelling);
  }
}
