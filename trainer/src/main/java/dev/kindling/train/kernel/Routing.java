package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Tensor;

/** What a mixture of experts needs beside the products (Shazeer et al. 2017, arXiv:1701.06538; Mixtral). */
public interface Routing {
  /**
   * The k largest of each row's logits, larger ones first, of equal ones the lower expert; and their softmax over these k: that
   * is the softmax over all experts, its largest k divided by their sum.
   *
   * @param logits float32 [rows, experts]; @param chosen int32 [rows, k]; @param weights float32 [rows, k]
   */
  void route(Tensor logits, Tensor chosen, Tensor weights);

  /** dLogits = w (dw - Σ w dw) at the chosen, 0 elsewhere: every element is written. */
  void routeGradient(Tensor chosen, Tensor weights, Tensor dWeights, Tensor dLogits);

  /**
   * to[rows[i]] += weights[slots[i]] · from[i]: what one expert says, put where it was asked.
   *
   * @param from float32 or stored [n, width]; @param rows int32 [n], each row once; @param slots int32 [n], places in weights
   * @param weights float32; @param to float32 [.., width]
   */
  void combine(Tensor from, Tensor rows, Tensor slots, Tensor weights, Tensor to);

  /**
   * dFrom[i] = weights[slots[i]] · dTo[rows[i]], dWeights[slots[i]] = from[i] · dTo[rows[i]].
   *
   * @param dTo float32 or stored; @param dFrom likewise
   */
  void combineGradient(Tensor from, Tensor rows, Tensor slots, Tensor weights, Tensor dTo, Tensor dFrom,
      Tensor dWeights);

  /**
   * losses[r] = Σ balance[e] p[e] + z (log Σ exp(logits))², p the softmax of row r over all experts; 0 for rows that do not
   * count. Where it is given, dLogits = p ⊙ (balance - Σ balance p + 2 z log Σ exp(logits)).
   *
   * @param logits float32 [rows, experts]; @param counted int32 [rows], 0 where a row does not count; null: all do
   * @param losses float32 [rows]; @param dLogits float32 [rows, experts], or null
   */
  void routerLoss(Tensor logits, Tensor counted, double[] balance, double z, Tensor losses, Tensor dLogits);
}
