package dev.kindling.train.model;

/** A decoder that predicts the next token: what the training loop, evaluation and generation need of it. */
public interface LanguageModel extends TrainableModel<Batch> {
  /**
   * Forward only. @param losses out, [rows · time]: -log p of each target, 0 where it does not count; @return their sum
   */
  double losses(Batch batch, float[] losses);

  @Override
  default double loss(Batch batch) {
    return losses(batch, new float[Math.multiplyExact(batch.rows(), batch.time())]);
  }

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
}
