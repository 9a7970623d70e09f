package dev.kindling.checkpoint;

/** A decoder-only model: each token is predicted from those before it. */
public sealed interface DecoderConfig extends ModelConfig permits Gpt2Config, LlamaConfig, GptNeoxConfig, BloomConfig {
  /** More than any model has; it keeps a damaged file from asking for a list of billions of tensors. */
  int MOST_LAYERS = 10_000;

  /** Length of a token's hidden state. */
  int width();

  int layers();

  /** Of the queries. */
  int heads();

  /** Of keys and values: a divisor of {@link #heads}, each shared by as many query heads. */
  int keyValueHeads();

  /** Length of one head. */
  int headWidth();

  /** Length of the feed-forward layer's inner state. */
  int innerWidth();

  /** What {@code config.json} calls {@link #contextLength}. */
  String contextKey();

  /** Standard deviation of fresh weights. */
  float initializerRange();

  @Override
  DecoderConfig withDropout(DropoutRates rates);

  /** The same with one token that begins and ends texts. */
  DecoderConfig withEndOfText(int token);
}
