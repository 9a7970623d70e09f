package dev.kindling.checkpoint;

import static dev.kindling.checkpoint.UserError.require;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * A decoder with learned positions, norms before each block, GELU in its tanh form and biases everywhere (Radford et
 * al. 2019, "Language Models are Unsupervised Multitask Learners"; Hugging Face's {@code GPT2LMHeadModel}).
 *
 * <pre>
 *   transformer.wte.weight [vocabulary, width]    transformer.wpe.weight [context, width]
 *   transformer.h.N.ln_1   [width]                transformer.h.N.attn.c_attn [width, 3 width]   .attn.c_proj [width, width]
 *   transformer.h.N.ln_2   [width]                transformer.h.N.mlp.c_fc    [width, inner]     .mlp.c_proj  [inner, width]
 *   transformer.ln_f       [width]                lm_head.weight [vocabulary, width] where it is not wte
 * </pre>
 *
 * The matrices of a block are stored as [in, out] (OpenAI's Conv1D), unlike torch's Linear.
 *
 * @param innerWidth of the feed-forward layer; @param tiedHead whether the head is {@code wte}
 * @param initializerRange standard deviation of fresh weights
 * @param sinusoidal whether positions are sines and cosines that nobody learns (Vaswani et al. 2017, section 3.5): files of
 *   such a model hold them as {@code wpe}, so that any reader of GPT-2 computes the same
 * @param beginToken {@code bos_token_id}, or -1; @param endTokens {@code eos_token_id}: none, one or several
 * @param dropout {@code embd_pdrop}, {@code resid_pdrop}, {@code attn_pdrop}
 */
public record Gpt2Config(int vocabularySize, int contextLength, int width, int layers, int heads, int innerWidth,
    float layerNormEpsilon, boolean tiedHead, float initializerRange, boolean sinusoidal, int beginToken,
    List<Integer> endTokens, DropoutRates dropout)
    implements
      DecoderConfig {

  private static final float USUAL_DROPOUT = 0.1f;         // of files that say nothing

  public Gpt2Config {
    require(vocabularySize > 0, "vocab_size", vocabularySize, "a whole number above 0");
    require(contextLength > 0, "n_positions", contextLength, "a whole number above 0");
    require(layers > 0 && layers <= MOST_LAYERS, "n_layer", layers, "between 1 and " + MOST_LAYERS);
    require(heads > 0, "n_head", heads, "a whole number above 0");
    require(width > 0 && width % heads == 0, "n_embd", width, "a multiple of n_head, " + heads);
    require(width <= Integer.MAX_VALUE / 4, "n_embd", width, "at most " + Integer.MAX_VALUE / 4);
    require(innerWidth > 0, "n_inner", innerWidth, "a whole number above 0, or null for 4 * n_embd");
    require(layerNormEpsilon > 0, "layer_norm_epsilon", layerNormEpsilon, "a number above 0");
    endTokens = List.copyOf(endTokens);
  }

  /** Nothing is dropped out. */
  public Gpt2Config(int vocabularySize, int contextLength, int width, int layers, int heads, int innerWidth,
      float layerNormEpsilon, boolean tiedHead, float initializerRange, boolean sinusoidal, int beginToken,
      List<Integer> endTokens) {
    this(vocabularySize, contextLength, width, layers, heads, innerWidth, layerNormEpsilon, tiedHead, initializerRange,
        sinusoidal, beginToken, endTokens, DropoutRates.NONE);
  }

  /** Learned positions. */
  public Gpt2Config(int vocabularySize, int contextLength, int width, int layers, int heads, int innerWidth,
      float layerNormEpsilon, boolean tiedHead, float initializerRange, int beginToken, List<Integer> endTokens) {
    this(vocabularySize, contextLength, width, layers, heads, innerWidth, layerNormEpsilon, tiedHead, initializerRange,
        false, beginToken, endTokens);
  }

  /** GPT-2's usual choices: an inner width of 4 times the width, a tied head, no end token yet. */
  public static Gpt2Config of(int vocabularySize, int contextLength, int width, int layers, int heads) {
    return new Gpt2Config(vocabularySize, contextLength, width, layers, heads, 4 * width, 1e-5f, true, 0.02f, -1,
        List.of());
  }

  @Override
  public Gpt2Config withEndOfText(int token) {
    return new Gpt2Config(vocabularySize, contextLength, width, layers, heads, innerWidth, layerNormEpsilon, tiedHead,
        initializerRange, sinusoidal, token, List.of(token), dropout);
  }

  public Gpt2Config withTiedHead(boolean tied) {
    return new Gpt2Config(vocabularySize, contextLength, width, layers, heads, innerWidth, layerNormEpsilon, tied,
        initializerRange, sinusoidal, beginToken, endTokens, dropout);
  }

  /** Positions that are sines and cosines. */
  public Gpt2Config withSinusoidalPositions() {
    return new Gpt2Config(vocabularySize, contextLength, width, layers, heads, innerWidth, layerNormEpsilon, tiedHead,
        initializerRange, true, beginToken, endTokens, dropout);
  }

  @Override
  public Gpt2Config withDropout(DropoutRates rates) {
    return new Gpt2Config(vocabularySize, contextLength, width, layers, heads, innerWidth, layerNormEpsilon, tiedHead,
        initializerRange, sinusoidal, beginToken, endTokens, rates.withoutLabels());
  }

  @Override
  public String family() {
    return "gpt2";
  }

  @Override
  public int keyValueHeads() {
    return heads;
  }

  @Override
  public String contextKey() {
    return "n_positions";
  }

  @Override
  public int headWidth() {
    return width / heads;
  }

  @Override
  public WeightNames names() {
    return WeightNames.of("transformer.", "transformer.wte.weight", "lm_head.weight")
        .ignoring("transformer\\.h\\.\\d+\\.attn\\.(masked_)?bias");
  }

  @Override
  public List<TensorSpec> tensors() {
    List<TensorSpec> all = new ArrayList<>();
    all.add(TensorSpec.float32("transformer.wte.weight", vocabularySize, width));
    all.add(TensorSpec.float32("transformer.wpe.weight", contextLength, width));
    for (int n = 0; n < layers; n++) {
      String block = "transformer.h." + n + ".";
      addNorm(all, block + "ln_1");
      addMatrix(all, block + "attn.c_attn", width, 3L * width);
      addMatrix(all, block + "attn.c_proj", width, width);
      addNorm(all, block + "ln_2");
      addMatrix(all, block + "mlp.c_fc", width, innerWidth);
      addMatrix(all, block + "mlp.c_proj", innerWidth, width);
    }
    addNorm(all, "transformer.ln_f");
    if (!tiedHead) all.add(TensorSpec.float32("lm_head.weight", vocabularySize, width));
    return all;
  }

  private void addNorm(List<TensorSpec> all, String name) {
    all.add(TensorSpec.float32(name + ".weight", width));
    all.add(TensorSpec.float32(name + ".bias", width));
  }

  private static void addMatrix(List<TensorSpec> all, String name, long in, long out) {
    all.add(TensorSpec.float32(name + ".weight", in, out));
    all.add(TensorSpec.float32(name + ".bias", out));
  }

  static Gpt2Config parse(ConfigKeys keys) {
    keys.oneOf("activation_function", "gelu_new", "gelu_new", "gelu_pytorch_tanh");
    keys.only("scale_attn_weights", true);
    keys.only("scale_attn_by_inverse_layer_idx", false);
    keys.only("add_cross_attention", false);
    int width = keys.positive("n_embd");
    return new Gpt2Config(keys.positive("vocab_size"), keys.positive("n_positions"), width, keys.positive("n_layer"),
        keys.positive("n_head"), keys.positive("n_inner", (int) Math.min(4L * width, Integer.MAX_VALUE)),
        keys.positive("layer_norm_epsilon", 1e-5f), keys.flag("tie_word_embeddings", true),
        keys.positive("initializer_range", 0.02f), keys.flag("sinusoidal_pos_embds", false),
        keys.token("bos_token_id"), keys.tokens("eos_token_id"),
        new DropoutRates(keys.share("embd_pdrop", USUAL_DROPOUT), keys.share("resid_pdrop", USUAL_DROPOUT),
            keys.share("attn_pdrop", USUAL_DROPOUT), 0));
  }

  @Override
  public ObjectNode toJson(ElementType type) {
    ConfigJson json = new ConfigJson("GPT2LMHeadModel", family());
    json.put("activation_function", "gelu_new");
    json.put("vocab_size", vocabularySize).put("n_positions", contextLength).put("n_embd", width);
    json.put("n_layer", layers).put("n_head", heads).putOrNull("n_inner", innerWidth == 4L * width ? 0 : innerWidth);
    json.decimal("layer_norm_epsilon", layerNormEpsilon).decimal("initializer_range", initializerRange);
    json.put("tie_word_embeddings", tiedHead);
    if (sinusoidal) json.put("sinusoidal_pos_embds", true);      // the key that DistilBERT's files have
    json.decimal("embd_pdrop", dropout.embedding()).decimal("attn_pdrop", dropout.attention());
    json.decimal("resid_pdrop", dropout.residual());
    json.put("scale_attn_weights", true).put("scale_attn_by_inverse_layer_idx", false).put("use_cache", true);
    json.token("bos_token_id", beginToken).tokens("eos_token_id", endTokens);
    return json.stored(type);
  }
}
