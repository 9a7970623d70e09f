package dev.kindling.checkpoint;

import static dev.kindling.checkpoint.UserError.require;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * An encoder and a decoder that looks at it, without biases, norms before each block, positions as a bias of the
 * scores by distance (Raffel et al. 2020, arXiv:1910.10683, section 2.1). Version 1.0 has ReLU and a head that is the
 * token embedding, read from hidden states divided by √width; 1.1 has a gated GELU and a head of its own.
 *
 * <pre>
 *   shared [vocabulary, width]
 *   encoder.block.N.layer.0.SelfAttention.{q,k,v} [heads · headWidth, width], .o [width, heads · headWidth]
 *   encoder.block.N.layer.1.DenseReluDense.wi [inner, width] (gated: wi_0, wi_1), .wo [width, inner]
 *   decoder.block.N.layer.0 as the encoder's, .layer.1.EncDecAttention likewise, .layer.2.DenseReluDense
 *   block.0's SelfAttention.relative_attention_bias [buckets, heads], shared by all layers of its stack
 *   each layer's layer_norm, each stack's final_layer_norm [width]; lm_head [vocabulary, width] where it is not shared
 * </pre>
 *
 * Matrices are stored [out, in], as torch's Linear has them.
 *
 * @param contextLength {@code n_positions}, the length that it was trained on; longer sequences work too
 * @param activation of the feed-forward layer; @param gated whether it is multiplied with a second product
 * @param tiedHead whether the head is {@code shared}; @param scaledHead whether it reads hidden states / √width
 * @param initializerFactor 1, or what the deviations of fresh weights are multiplied with
 * @param padToken {@code pad_token_id}; @param startToken what the decoder reads first
 * @param dropout one rate, {@code dropout_rate}, of all that is dropped out
 */
public record T5Config(int vocabularySize, int contextLength, int width, int headWidth, int innerWidth, int layers,
    int decoderLayers, int heads, int buckets, int maxDistance, float layerNormEpsilon, ActivationFunction activation,
    boolean gated, boolean tiedHead, boolean scaledHead, float initializerFactor, int padToken, int startToken,
    List<Integer> endTokens, DropoutRates dropout) implements ModelConfig {
  private static final int LARGEST = Integer.MAX_VALUE / 4;

  public T5Config {
    require(vocabularySize > 0, "vocab_size", vocabularySize, "a whole number above 0");
    require(width > 0 && width <= LARGEST, "d_model", width, "between 1 and " + LARGEST);
    require(headWidth > 0 && heads > 0 && (long) headWidth * heads <= LARGEST, "d_kv", headWidth,
        "above 0, and at most " + LARGEST + " times num_heads, " + heads);
    require(innerWidth > 0 && innerWidth <= LARGEST, "d_ff", innerWidth, "between 1 and " + LARGEST);
    require(layers > 0 && layers <= DecoderConfig.MOST_LAYERS, "num_layers", layers,
        "between 1 and " + DecoderConfig.MOST_LAYERS);
    require(decoderLayers > 0 && decoderLayers <= DecoderConfig.MOST_LAYERS, "num_decoder_layers", decoderLayers,
        "between 1 and " + DecoderConfig.MOST_LAYERS);
    require(buckets >= 4 && buckets % 2 == 0, "relative_attention_num_buckets", buckets, "an even number of 4 or more");
    require(maxDistance > buckets / 2, "relative_attention_max_distance", maxDistance,
        "above half of relative_attention_num_buckets, " + buckets / 2);
    require(layerNormEpsilon > 0, "layer_norm_epsilon", layerNormEpsilon, "a number above 0");
    require(padToken >= 0 && padToken < vocabularySize, "pad_token_id", padToken, "a token id");
    require(startToken >= 0 && startToken < vocabularySize, "decoder_start_token_id", startToken, "a token id");
    endTokens = List.copyOf(endTokens);
  }

  /** Nothing is dropped out. */
  public T5Config(int vocabularySize, int contextLength, int width, int headWidth, int innerWidth, int layers,
      int decoderLayers, int heads, int buckets, int maxDistance, float layerNormEpsilon, ActivationFunction activation,
      boolean gated, boolean tiedHead, boolean scaledHead, float initializerFactor, int padToken, int startToken,
      List<Integer> endTokens) {
    this(vocabularySize, contextLength, width, headWidth, innerWidth, layers, decoderLayers, heads, buckets,
        maxDistance, layerNormEpsilon, activation, gated, tiedHead, scaledHead, initializerFactor, padToken, startToken,
        endTokens, DropoutRates.NONE);
  }

  /** Version 1.0's choices: ReLU, a tied and scaled head, 32 buckets up to a distance of 128. */
  public static T5Config of(int vocabularySize, int width, int headWidth, int innerWidth, int layers, int heads) {
    return new T5Config(vocabularySize, 512, width, headWidth, innerWidth, layers, layers, heads, 32, 128, 1e-6f,
        ActivationFunction.RELU, false, true, true, 1, 0, 0, List.of(1));
  }

  /** Version 1.1's choices: a gated GELU and a head of its own. */
  public T5Config version11() {
    return new T5Config(vocabularySize, contextLength, width, headWidth, innerWidth, layers, decoderLayers, heads,
        buckets, maxDistance, layerNormEpsilon, ActivationFunction.GELU_TANH, true, false, false, initializerFactor,
        padToken,
        startToken, endTokens, dropout);
  }

  public T5Config withTiedHead(boolean tied) {
    return new T5Config(vocabularySize, contextLength, width, headWidth, innerWidth, layers, decoderLayers, heads,
        buckets, maxDistance, layerNormEpsilon, activation, gated, tied, scaledHead, initializerFactor, padToken,
        startToken, endTokens, dropout);
  }

  @Override
  public T5Config withDropout(DropoutRates rates) {
    return new T5Config(vocabularySize, contextLength, width, headWidth, innerWidth, layers, decoderLayers, heads,
        buckets, maxDistance, layerNormEpsilon, activation, gated, tiedHead, scaledHead, initializerFactor, padToken,
        startToken, endTokens, DropoutRates.of(rates.residual()));
  }

  @Override
  public String family() {
    return "t5";
  }

  @Override
  public List<TensorSpec> tensors() {
    List<TensorSpec> all = new ArrayList<>();
    all.add(TensorSpec.float32("shared.weight", vocabularySize, width));
    addStack(all, "encoder", layers, false);
    addStack(all, "decoder", decoderLayers, true);
    if (!tiedHead) all.add(TensorSpec.float32("lm_head.weight", vocabularySize, width));
    return all;
  }

  private void addStack(List<TensorSpec> all, String stack, int count, boolean crossed) {
    for (int n = 0; n < count; n++) {
      String block = stack + ".block." + n + ".layer.";
      addAttention(all, block + "0.SelfAttention.");
      if (n == 0) {
        all.add(TensorSpec.float32(block + "0.SelfAttention.relative_attention_bias.weight", buckets, heads));
      }
      all.add(TensorSpec.float32(block + "0.layer_norm.weight", width));
      if (crossed) {
        addAttention(all, block + "1.EncDecAttention.");
        all.add(TensorSpec.float32(block + "1.layer_norm.weight", width));
      }
      String feedForward = block + (crossed ? 2 : 1) + ".";
      for (String in : gated ? List.of("wi_0", "wi_1") : List.of("wi")) {
        all.add(TensorSpec.float32(feedForward + "DenseReluDense." + in + ".weight", innerWidth, width));
      }
      all.add(TensorSpec.float32(feedForward + "DenseReluDense.wo.weight", width, innerWidth));
      all.add(TensorSpec.float32(feedForward + "layer_norm.weight", width));
    }
    all.add(TensorSpec.float32(stack + ".final_layer_norm.weight", width));
  }

  private void addAttention(List<TensorSpec> all, String name) {
    long inner = (long) heads * headWidth;
    for (String in : List.of("q", "k", "v")) all.add(TensorSpec.float32(name + in + ".weight", inner, width));
    all.add(TensorSpec.float32(name + "o.weight", width, inner));
  }

  /** transformers 5 writes that the head is tied even of a model that has one: its weights tell. */
  @Override
  public ModelConfig found(WeightSource stored) {
    return tiedHead && !scaledHead && stored.find("lm_head.weight") != null ? withTiedHead(false) : this;
  }

  @Override
  public int beginToken() {
    return -1;
  }

  @Override
  public WeightNames names() {
    return WeightNames.of("", "shared.weight", "lm_head.weight").ignoring(
        "(en|de)coder\\.embed_tokens\\.weight|decoder\\.block\\.0\\.layer\\.1\\.EncDecAttention\\.relative_attention_bias\\.weight");
  }

  static T5Config parse(ConfigKeys keys) {
    keys.only("is_encoder_decoder", true);
    String projection = keys.oneOf("feed_forward_proj", "relu", "relu", "gated-gelu", "gated-silu");
    ActivationFunction activation = switch (projection) {
      case "gated-gelu" -> ActivationFunction.GELU_TANH;
      case "gated-silu" -> ActivationFunction.SILU;
      default -> ActivationFunction.RELU;
    };
    boolean tied = keys.flag("tie_word_embeddings", true);
    int layers = keys.positive("num_layers");
    int pad = Math.max(0, keys.token("pad_token_id"));
    int start = keys.present("decoder_start_token_id") ? keys.token("decoder_start_token_id") : pad;
    return new T5Config(keys.positive("vocab_size"), keys.positive("n_positions", 512), keys.positive("d_model"),
        keys.positive("d_kv", 64), keys.positive("d_ff"), layers, keys.positive("num_decoder_layers", layers),
        keys.positive("num_heads"), keys.positive("relative_attention_num_buckets", 32),
        keys.positive("relative_attention_max_distance", 128), keys.positive("layer_norm_epsilon", 1e-6f), activation,
        projection.startsWith("gated"), tied, keys.flag("scale_decoder_outputs", tied),
        keys.positive("initializer_factor", 1f), pad, start,
        keys.mentioned("eos_token_id") ? keys.tokens("eos_token_id") : List.of(1),
        DropoutRates.of(keys.share("dropout_rate", 0.1f)));
  }

  @Override
  public ObjectNode toJson(ElementType type) {
    ConfigJson json = new ConfigJson("T5ForConditionalGeneration", family());
    json.put("is_encoder_decoder", true).put("vocab_size", vocabularySize);
    json.put("n_positions", contextLength).put("d_model", width).put("d_kv", headWidth).put("d_ff", innerWidth);
    json.put("num_layers", layers).put("num_decoder_layers", decoderLayers).put("num_heads", heads);
    json.put("relative_attention_num_buckets", buckets).put("relative_attention_max_distance", maxDistance);
    json.decimal("layer_norm_epsilon", layerNormEpsilon);
    json.decimal("initializer_factor", initializerFactor);
    json.put("feed_forward_proj", projection());
    json.put("dense_act_fn", activation.hubName()).put("is_gated_act", gated);
    json.put("tie_word_embeddings", tiedHead).put("scale_decoder_outputs", scaledHead);
    json.decimal("dropout_rate", dropout.residual()).put("use_cache", true);
    json.put("pad_token_id", padToken).put("decoder_start_token_id", startToken);
    json.tokens("eos_token_id", endTokens);
    return json.stored(type);
  }

  private String projection() {
    if (!gated) return activation.hubName();
    return activation == ActivationFunction.SILU ? "gated-silu" : "gated-gelu";
  }
}
