package dev.kindling.train.model;

import dev.kindling.train.tensor.Tensor;

/** A decoder that predicts the next token: what the training loop, evaluation and generation need of it. */
public interface LanguageModel extends AutoCloseable {
  ParameterLayout layout();

  /** The float32 master weights, flat, [layout().size()]; write them, then call {@link #weightsChanged}. */
  Tensor weights();

  /** Tells the model that its master weights were written: layouts and roundings are made anew. */
  void weightsChanged();

  /**
   * Forward and backward of the SUMMED loss of a micro-batch.
   *
   * @param gradients flat like the weights; d(sum of losses)/d(weights) is ADDED
   * @return the sum over the labels that count; 0 where none does, and the gradients keep their bits
   */
  double accumulate(Batch batch, Tensor gradients);

  /**
   * Forward only. @param losses out, [rows · time]: -log p of each target, 0 where it does not count; @return their sum
   */
  double losses(Batch batch, float[] losses);

  /** Forward only, for tests and small inputs. @return logits, [rows · time · vocabulary] */
  float[] logits(Batch batch);

  /** A new, empty sequence with room for {@code capacity} tokens (at most the model's context). */
  Sequence newSequence(int capacity);

  int vocabularySize();

  /** The most tokens a sequence may have. */
  int contextLength();

  /** One sequence under generation and its keys and values. */
  interface Sequence extends AutoCloseable {
    /** Tokens so far. */
    int length();

    /**
     * Appends one token or a whole prompt. @return logits of what comes next, [vocabulary], float32; valid until the
     * next call
     */
    float[] append(int... tokens);

    @Override
    void close();
  }

  @Override
  void close();
}
