package dev.kindling.train.nn;

import dev.kindling.train.autodiff.HeadsOf;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.kernel.AttentionForm;
import java.util.function.Function;

/**
 * What an encoder found, as a decoder's layers attend to it (Vaswani et al. 2017, section 3.2.3): {@link EncodedSequences} in
 * training, {@link EncoderCache} while a sequence is generated.
 */
public interface EncoderOutput {
  /** Heads of stored values [batch · source time, ..]. */
  record KeysAndValues(HeadsOf keys, HeadsOf values) {}

  /**
   * Cross-attention.
   *
   * @param layer of the decoder, counted from 0
   * @param q heads of a stored value [rows, ..]
   * @param project the layer's keys and values of hidden states
   * @return stored [rows, heads · headDim]
   */
  Value attend(int layer, HeadsOf q, Function<Value, KeysAndValues> project, AttentionForm form);
}
