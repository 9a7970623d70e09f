package dev.kindling.train.nn;

import dev.kindling.train.autodiff.HeadsOf;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.tensor.Tensor;

/**
 * The positions at hand and what they attend to in their own sequence: {@link WholeSequences}, or those before them in a
 * {@link KeyValueCache}.
 */
public interface Context {
  /**
   * Self-attention.
   *
   * @param layer counted from 0
   * @param q heads of stored values [rows, ..]; @param k likewise; @param v likewise
   * @return what each row's queries found, stored [rows, heads · headDim]
   */
  Value attend(int layer, HeadsOf q, HeadsOf k, HeadsOf v, Scoring scoring);

  /** Where each row stands in its sequence (in a packed row: its document), counted from 0; int32 [rows]. */
  Tensor positions();

  /** Rows at hand of each sequence. */
  int queryTime();

  /**
   * Keys that they are held against, the rows at hand last among them: column c of a bias [heads, queryTime + keyTime - 1] is
   * for a key {@code c + 1 - keyTime} positions after its query.
   */
  int keyTime();
}
