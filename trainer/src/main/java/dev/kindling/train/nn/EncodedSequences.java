package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Attend;
import dev.kindling.train.autodiff.HeadsOf;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.kernel.AttentionForm;
import dev.kindling.train.tensor.Tensor;
import java.util.function.Function;

/**
 * An encoder's output for the batch at hand; gradients flow back to it.
 *
 * @param hidden stored [batch · sourceTime, width]
 * @param ranges int32 [batch, targetTime, 2]: what each target position sees of its source
 */
public record EncodedSequences(Value hidden, Tensor ranges) implements EncoderOutput {
  /**
   * @param sourceLengths of each row what is no padding on the right; null: all, which are {@code sourceTime}
   * @param targetLengths likewise of the decoder's rows: what is padding sees nothing
   */
  public static EncodedSequences of(Value hidden, int batch, int[] sourceLengths, int targetTime, int[] targetLengths) {
    int sourceTime = Math.toIntExact(hidden.data().rows() / batch);
    int[] pairs = new int[2 * batch * targetTime];
    for (int row = 0; row < batch; row++) {
      int targets = targetLengths == null ? targetTime : targetLengths[row];
      int to = sourceLengths == null ? sourceTime : sourceLengths[row];
      for (int t = 0; t < targets; t++) pairs[2 * (row * targetTime + t) + 1] = to;
    }
    return new EncodedSequences(hidden, hidden.tape().integers(pairs, batch, targetTime, 2));
  }

  @Override
  public Value attend(int layer, HeadsOf q, Function<Value, KeysAndValues> project, AttentionForm form) {
    KeysAndValues found = project.apply(hidden);
    return Attend.of(q, found.keys(), found.values(), form, ranges, null);
  }
}
