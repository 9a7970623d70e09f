package dev.kindling.checkpoint;

import static dev.kindling.checkpoint.UserError.require;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * A decoder whose attention and feed-forward layer read the same residual stream side by side, with rotary positions in
 * part of each head (Black et al. 2022, arXiv:2204.06745; Hugging Face's {@code GPTNeoXForCausalLM}, also of Pythia).
 *
 * <pre>
 *   gpt_neox.embed_in.weight [vocabulary, width]
 *   gpt_neox.layers.N.input_layernorm, post_attention_layernorm [width]
 *   gpt_neox.layers.N.attention.query_key_value [3 width, width]: query, key, value of the first head, of the second, ...
 *   gpt_neox.layers.N.attention.dense           [width, width]
 *   gpt_neox.layers.N.mlp.dense_h_to_4h [inner, width]     .dense_4h_to_h [width, inner]
 *   gpt_neox.final_layer_norm [width]       embed_out.weight [vocabulary, width] where it is not embed_in
 * </pre>
 *
 * @param parallel whether both branches read the same stream; else one after the other
 * @param attentionBias of the attention's two matrices
 * @param dropout {@code hidden_dropout}, of embeddings too, and {@code attention_dropout}
 */
public record GptNeoxConfig(int vocabularySize, int width, int layers, int heads, Rope rope, int innerWidth,
    ActivationFunction activation, boolean parallel, boolean attentionBias, float normEpsilon, boolean tiedHead,
    float initializerRange, TokenIds tokens, DropoutRates dropout) implements DecoderConfig {

  public GptNeoxConfig {
    require(vocabularySize > 0, "vocab_size", vocabularySize, "a whole number above 0");
    require(layers > 0 && layers <= MOST_LAYERS, "num_hidden_layers", layers, "between 1 and " + MOST_LAYERS);
    require(heads > 0, "num_attention_heads", heads, "a whole number above 0");
    require(width > 0 && width % heads == 0, "hidden_size", width, "a multiple of num_attention_heads, " + heads);
    require(width <= Integer.MAX_VALUE / 4, "hidden_size", width, "at most " + Integer.MAX_VALUE / 4);
    require(innerWidth > 0, "intermediate_size", innerWidth, "a whole number above 0");
    require(normEpsilon > 0, "layer_norm_eps", normEpsilon, "a number above 0");
    rope.requireFor(width / heads);
  }

  /** Nothing is dropped out. */
  public GptNeoxConfig(int vocabularySize, int width, int layers, int heads, Rope rope, int innerWidth,
      ActivationFunction activation, boolean parallel, boolean attentionBias, float normEpsilon, boolean tiedHead,
      float initializerRange, TokenIds tokens) {
    this(vocabularySize, width, layers, heads, rope, innerWidth, activation, parallel, attentionBias, normEpsilon,
        tiedHead, initializerRange, tokens, DropoutRates.NONE);
  }

  /** Pythia's choices: a quarter of each head turned, an inner width of 4 times the width, an untied head. */
  public static GptNeoxConfig of(int vocabularySize, int contextLength, int width, int layers, int heads) {
    return new GptNeoxConfig(vocabularySize, width, layers, heads,
        new Rope(10_000, 0.25, contextLength, new RopeScaling.None()), 4 * width, ActivationFunction.GELU, true, true,
        1e-5f,
        false, 0.02f, TokenIds.NONE);
  }

  @Override
  public GptNeoxConfig withEndOfText(int token) {
    return new GptNeoxConfig(vocabularySize, width, layers, heads, rope, innerWidth, activation, parallel,
        attentionBias, normEpsilon, tiedHead, initializerRange, TokenIds.endOfText(token), dropout);
  }

  @Override
  public GptNeoxConfig withDropout(DropoutRates rates) {
    return new GptNeoxConfig(vocabularySize, width, layers, heads, rope, innerWidth, activation, parallel,
        attentionBias, normEpsilon, tiedHead, initializerRange, tokens,
        new DropoutRates(rates.residual(), rates.residual(), rates.attention(), 0));
  }

  @Override
  public String family() {
    return "gpt_neox";
  }

  @Override
  public int contextLength() {
    return rope.reach();
  }

  @Override
  public int keyValueHeads() {
    return heads;
  }

  @Override
  public String contextKey() {
    return "max_position_embeddings";
  }

  @Override
  public int headWidth() {
    return width / heads;
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
    return WeightNames.of("gpt_neox.", "gpt_neox.embed_in.weight", "embed_out.weight")
        .ignoring("gpt_neox\\.layers\\.\\d+\\.attention\\.(bias|masked_bias|rotary_emb\\.inv_freq)");
  }

  @Override
  public List<TensorSpec> tensors() {
    TensorList all = new TensorList();
    all.add("gpt_neox.embed_in.weight", vocabularySize, width);
    for (int n = 0; n < layers; n++) {
      String layer = "gpt_neox.layers." + n + ".";
      all.norm(layer + "input_layernorm", width);
      all.linear(layer + "attention.query_key_value", 3L * width, width, attentionBias);
      all.linear(layer + "attention.dense", width, width, attentionBias);
      all.norm(layer + "post_attention_layernorm", width);
      all.linear(layer + "mlp.dense_h_to_4h", innerWidth, width, true);
      all.linear(layer + "mlp.dense_4h_to_h", width, innerWidth, true);
    }
    all.norm("gpt_neox.final_layer_norm", width);
    if (!tiedHead) all.add("embed_out.weight", vocabularySize, width);
    return all.list();
  }

  static GptNeoxConfig parse(ConfigKeys keys) {
    String[] activations = ActivationFunction.names().toArray(new String[0]);
    float hidden = keys.share("hidden_dropout", 0);       // of embeddings too
    return new GptNeoxConfig(keys.positive("vocab_size"), keys.positive("hidden_size"),
        keys.positive("num_hidden_layers"), keys.positive("num_attention_heads"), RopeKeys.readNeox(keys),
        keys.positive("intermediate_size"), ActivationFunction.named(keys.oneOf("hidden_act", "gelu", activations)),
        keys.flag("use_parallel_residual", true), keys.flag("attention_bias", true),
        keys.positive("layer_norm_eps", 1e-5f), keys.flag("tie_word_embeddings", false),
        keys.positive("initializer_range", 0.02f), TokenIds.read(keys),
        new DropoutRates(hidden, hidden, keys.share("attention_dropout", 0), 0));
  }

  @Override
  public ObjectNode toJson(ElementType type) {
    ConfigJson json = new ConfigJson("GPTNeoXForCausalLM", family());
    json.put("vocab_size", vocabularySize).put("hidden_size", width).put("num_hidden_layers", layers);
    json.put("num_attention_heads", heads).put("intermediate_size", innerWidth);
    json.put("hidden_act", activation.hubName()).put("use_parallel_residual", parallel);
    json.put("attention_bias", attentionBias).decimal("layer_norm_eps", normEpsilon);
    json.decimal("initializer_range", initializerRange).put("tie_word_embeddings", tiedHead);
    json.decimal("attention_dropout", dropout.attention()).decimal("hidden_dropout", dropout.residual());
    json.put("use_cache", true);
    RopeKeys.writeNeox(rope, json.object());
    tokens.write(json);
    return json.stored(type);
  }
}
