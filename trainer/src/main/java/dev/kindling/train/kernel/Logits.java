package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Tensor;

/**
 * How logits come from hidden states: z = x W + bias, and where the soft cap c is not 0, c tanh(z / c) (Bello et al. 2016,
 * arXiv:1611.09940, section 5; Gemma 2).
 *
 * @param head [width, vocabulary]; @param bias float32 [vocabulary], or null: none; @param softcap c, or 0: none
 */
public record Logits(PackedWeight head, Tensor bias, float softcap) {
  public static Logits of(PackedWeight head) {
    return new Logits(head, null, 0);
  }
}
