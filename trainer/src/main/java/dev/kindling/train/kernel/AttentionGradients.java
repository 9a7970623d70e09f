package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Tensor;

/**
 * Where the gradients of {@link AttentionInputs} go. All of q's, k's and v's heads are written; the three may lie in one
 * matrix.
 *
 * @param bias float32 like the bias, ADDED to: the sum over the batch in its order; or null
 */
public record AttentionGradients(Heads q, Heads k, Heads v, Tensor bias) {}
