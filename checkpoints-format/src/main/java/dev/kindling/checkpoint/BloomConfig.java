package dev.kindling.checkpoint;

import static dev.kindling.checkpoint.UserError.require;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * A decoder without position embeddings: scores fall linearly with the distance, at a slope of each head's own (ALiBi,
 * Press et al. 2021, arXiv:2108.12409), and embeddings are normed (Le Scao et al. 2022, arXiv:2211.05100; Hugging Face's
 * {@code BloomForCausalLM}).
 *
 * <pre>
 *   transformer.word_embeddings.weight [vocabulary, width]      transformer.word_embeddings_layernorm [width]
 *   transformer.h.N.input_layernorm, post_attention_layernorm [width]
 *   transformer.h.N.self_attention.query_key_value [3 width, width]: query, key, value of the first head, of the second, ...
 *   transformer.h.N.self_attention.dense           [width, width]
 *   transformer.h.N.mlp.dense_h_to_4h [4 width, width]     .dense_4h_to_h [width, 4 width]
 *   transformer.ln_f [width]                               lm_head.weight where it is not word_embeddings
 * </pre>
 *
 * @param contextLength {@code seq_length}: what it was trained on; the positions themselves have no end
 * @param dropout {@code hidden_dropout} and {@code attention_dropout}
 */
public record BloomConfig(int vocabularySize, int contextLength, int width, int layers, int heads, float normEpsilon,
    boolean tiedHead, float initializerRange, TokenIds tokens, DropoutRates dropout) implements DecoderConfig {

  public BloomConfig {
    require(vocabularySize > 0, "vocab_size", vocabularySize, "a whole number above 0");
    require(contextLength > 0, "seq_length", contextLength, "a whole number above 0");
    require(layers > 0 && layers <= MOST_LAYERS, "n_layer", layers, "between 1 and " + MOST_LAYERS);
    require(heads > 0, "n_head", heads, "a whole number above 0");
    require(width > 0 && width % heads == 0, "hidden_size", width, "a multiple of n_head, " + heads);
    require(width <= Integer.MAX_VALUE / 4, "hidden_size", width, "at most " + Integer.MAX_VALUE / 4);
    require(normEpsilon > 0, "layer_norm_epsilon", normEpsilon, "a number above 0");
  }

  /** BLOOM's choices: a tied head. */
  public static BloomConfig of(int vocabularySize, int contextLength, int width, int layers, int heads) {
    return new BloomConfig(vocabularySize, contextLength, width, layers, heads, 1e-5f, true, 0.02f, TokenIds.NONE,
        DropoutRates.NONE);
  }

  @Override
  public BloomConfig withEndOfText(int token) {
    return new BloomConfig(vocabularySize, contextLength, width, layers, heads, normEpsilon, tiedHead, initializerRange,
        TokenIds.endOfText(token), dropout);
  }

  @Override
  public BloomConfig withDropout(DropoutRates rates) {
    return new BloomConfig(vocabularySize, contextLength, width, layers, heads, normEpsilon, tiedHead, initializerRange,
        tokens, rates.withoutEmbedding());
  }

  @Override
  public String family() {
    return "bloom";
  }

  @Override
  public int keyValueHeads() {
    return heads;
  }

  @Override
  public String contextKey() {
    return "seq_length";
  }

  @Override
  public int headWidth() {
    return width / heads;
  }

  @Override
  public int innerWidth() {
    return 4 * width;
  }

  @Override
  public int beginToken() {
    return tokens.begin();
  }

  @Override
  public List<Integer> endTokens() {
    return tokens.end();
  }

  @Override
  public WeightNames names() {
    return WeightNames.of("transformer.", "transformer.word_embeddings.weight", "lm_head.weight");
  }

  @Override
  public List<TensorSpec> tensors() {
    TensorList all = new TensorList();
    all.add("transformer.word_embeddings.weight", vocabularySize, width);
    all.norm("transformer.word_embeddings_layernorm", width);
    for (int n = 0; n < layers; n++) {
      String layer = "transformer.h." + n + ".";
      all.norm(layer + "input_layernorm", width);
      all.linear(layer + "self_attention.query_key_value", 3L * width, width, true);
      all.linear(layer + "self_attention.dense", width, width, true);
      all.norm(layer + "post_attention_layernorm", width);
      all.linear(layer + "mlp.dense_h_to_4h", 4L * width, width, true);
      all.linear(layer + "mlp.dense_4h_to_h", width, 4L * width, true);
    }
    all.norm("transformer.ln_f", width);
    if (!tiedHead) all.add("lm_head.weight", vocabularySize, width);
    return all.list();
  }

  static BloomConfig parse(ConfigKeys keys) {
    keys.only("apply_residual_connection_post_layernorm", false);
    int width = keys.present("n_embed") ? keys.positive("n_embed") : keys.positive("hidden_size");
    int layers = keys.present("n_layer") ? keys.positive("n_layer") : keys.positive("num_hidden_layers");
    int heads = keys.present("n_head") ? keys.positive("n_head") : keys.positive("num_attention_heads");
    return new BloomConfig(keys.positive("vocab_size"), keys.positive("seq_length", 2048), width, layers, heads,
        keys.positive("layer_norm_epsilon", 1e-5f), keys.flag("tie_word_embeddings", true),
        keys.positive("initializer_range", 0.02f), TokenIds.read(keys),
        new DropoutRates(0, keys.share("hidden_dropout", 0), keys.share("attention_dropout", 0), 0));
  }

  @Override
  public ObjectNode toJson(ElementType type) {
    ConfigJson json = new ConfigJson("BloomForCausalLM", family());
    json.put("vocab_size", vocabularySize).put("seq_length", contextLength).put("hidden_size", width);
    json.put("n_layer", layers).put("n_head", heads);
    json.decimal("layer_norm_epsilon", normEpsilon).decimal("initializer_range", initializerRange);
    json.put("tie_word_embeddings", tiedHead).put("apply_residual_connection_post_layernorm", false);
    json.put("pretraining_tp", 1).put("slow_but_exact", false).put("use_cache", true);
    json.decimal("attention_dropout", dropout.attention()).decimal("hidden_dropout", dropout.residual());
    tokens.write(json);
    return json.stored(type);
  }
}
