package dev.kindling.checkpoint;

import static dev.kindling.checkpoint.UserError.require;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * A decoder with rotary positions, RMS norms before each branch and gated feed-forward layers: Llama, and the families
 * that vary it ({@link LlamaFamily}). Matrices are stored as torch's Linear has them, [out, in].
 *
 * <pre>
 *   model.embed_tokens.weight            [vocabulary, width]
 *   model.layers.N.input_layernorm       [width]
 *   model.layers.N.self_attn.q_proj      [heads · headWidth, width]     .k_proj, .v_proj [keyValueHeads · headWidth, width]
 *   model.layers.N.self_attn.o_proj      [width, heads · headWidth]
 *   model.layers.N.post_attention_layernorm [width]
 *   model.layers.N.mlp.gate_proj, up_proj [inner, width]                .down_proj [width, inner]
 *   model.norm.weight                    [width]
 *   lm_head.weight                       [vocabulary, width] where it is not embed_tokens
 * </pre>
 *
 * @param attention of every layer; @param innerWidth of the feed-forward layer or of one expert
 * @param innerBias of gate, up and down; @param experts null: one dense layer
 * @param logitSoftcap c of c tanh(logit / c); 0: none
 * @param dropout {@code attention_dropout}; of Phi-3 also {@code resid_pdrop}, and {@code embd_pdrop}, which nobody computes
 */
public record LlamaConfig(LlamaFamily kind, int vocabularySize, int width, int layers, HeadShape attention, Rope rope,
    int innerWidth, ActivationFunction activation, boolean innerBias, Experts experts, float normEpsilon,
    float logitSoftcap,
    boolean tiedHead, float initializerRange, TokenIds tokens, DropoutRates dropout) implements DecoderConfig {

  public LlamaConfig {
    require(vocabularySize > 0, "vocab_size", vocabularySize, "a whole number above 0");
    require(layers > 0 && layers <= MOST_LAYERS, "num_hidden_layers", layers, "between 1 and " + MOST_LAYERS);
    require(width > 0 && width <= Integer.MAX_VALUE / 4, "hidden_size", width, "at most " + Integer.MAX_VALUE / 4);
    require(innerWidth > 0 && innerWidth <= Integer.MAX_VALUE / 4, "intermediate_size", innerWidth,
        "at most " + Integer.MAX_VALUE / 4);
    require(normEpsilon > 0, "rms_norm_eps", normEpsilon, "a number above 0");
    require(logitSoftcap >= 0, "final_logit_softcapping", logitSoftcap, "a number above 0, or null");
    require((experts != null) == (kind == LlamaFamily.MIXTRAL), "num_local_experts", experts,
        "there for mixtral and for no other");
    require(attention.windows().size() == layers, "layer_types", attention.windows().size() + " layers",
        "one for each of num_hidden_layers, " + layers);
    rope.requireFor(attention.width());
  }

  /** The family's usual choices: no biases, no windows, an untied head, but what the family says otherwise. */
  public static LlamaConfig of(LlamaFamily kind, int vocabularySize, int contextLength, int width, int layers,
      int heads, int keyValueHeads, int innerWidth) {
    require(heads > 0 && width % heads == 0, "hidden_size", width, "a multiple of num_attention_heads, " + heads);
    boolean gemma = kind == LlamaFamily.GEMMA2;
    HeadShape plain = HeadShape.of(heads, keyValueHeads, width / heads, layers);
    HeadShape attention = new HeadShape(heads, keyValueHeads, plain.width(), kind == LlamaFamily.QWEN2, false,
        plain.windows(), plain.scalar(), gemma ? 50 : 0);
    return new LlamaConfig(kind, vocabularySize, width, layers, attention,
        new Rope(kind.usualTheta(), 1, contextLength, new RopeScaling.None()), innerWidth,
        gemma ? ActivationFunction.GELU_TANH : ActivationFunction.SILU, false,
        kind == LlamaFamily.MIXTRAL ? new Experts(8, 2, 0.02f, 0, true) : null, kind.usualEpsilon(), gemma ? 30 : 0,
        gemma, 0.02f, TokenIds.NONE, DropoutRates.NONE);
  }

  @Override
  public LlamaConfig withEndOfText(int token) {
    return new LlamaConfig(kind, vocabularySize, width, layers, attention, rope, innerWidth, activation, innerBias,
        experts, normEpsilon, logitSoftcap, tiedHead, initializerRange, TokenIds.endOfText(token), dropout);
  }

  public LlamaConfig withTiedHead(boolean tied) {
    return new LlamaConfig(kind, vocabularySize, width, layers, attention, rope, innerWidth, activation, innerBias,
        experts, normEpsilon, logitSoftcap, tied, initializerRange, tokens, dropout);
  }

  public LlamaConfig withAttention(HeadShape other) {
    return new LlamaConfig(kind, vocabularySize, width, layers, other, rope, innerWidth, activation, innerBias, experts,
        normEpsilon, logitSoftcap, tiedHead, initializerRange, tokens, dropout);
  }

  public LlamaConfig withRope(Rope other) {
    return new LlamaConfig(kind, vocabularySize, width, layers, attention, other, innerWidth, activation, innerBias,
        experts, normEpsilon, logitSoftcap, tiedHead, initializerRange, tokens, dropout);
  }

  public LlamaConfig withExperts(Experts other) {
    return new LlamaConfig(kind, vocabularySize, width, layers, attention, rope, innerWidth, activation, innerBias,
        other, normEpsilon, logitSoftcap, tiedHead, initializerRange, tokens, dropout);
  }

  @Override
  public LlamaConfig withDropout(DropoutRates rates) {
    return new LlamaConfig(kind, vocabularySize, width, layers, attention, rope, innerWidth, activation, innerBias,
        experts, normEpsilon, logitSoftcap, tiedHead, initializerRange, tokens,
        kind == LlamaFamily.PHI3 ? rates.withoutLabels() : rates.onlyAttention());
  }

  @Override
  public String family() {
    return kind.modelType();
  }

  @Override
  public int contextLength() {
    return rope.reach();
  }

  @Override
  public int heads() {
    return attention.heads();
  }

  @Override
  public int keyValueHeads() {
    return attention.keyValueHeads();
  }

  @Override
  public String contextKey() {
    return "max_position_embeddings";
  }

  @Override
  public int headWidth() {
    return attention.width();
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
    return WeightNames.of("model.", "model.embed_tokens.weight", "lm_head.weight")
        .ignoring("model\\.layers\\.\\d+\\.self_attn\\.rotary_emb\\.inv_freq");
  }

  @Override
  public List<TensorSpec> tensors() {
    TensorList all = new TensorList();
    all.add("model.embed_tokens.weight", vocabularySize, width);
    for (int n = 0; n < layers; n++) addLayer(all, "model.layers." + n + ".");
    all.add("model.norm.weight", width);
    if (!tiedHead) all.add("lm_head.weight", vocabularySize, width);
    return all.list();
  }

  private void addLayer(TensorList all, String layer) {
    long queries = (long) attention.heads() * attention.width();
    long keys = (long) attention.keyValueHeads() * attention.width();
    all.add(layer + "input_layernorm.weight", width);
    if (kind.fused()) {
      all.linear(layer + "self_attn.qkv_proj", queries + 2 * keys, width, attention.inputBias());
    } else {
      all.linear(layer + "self_attn.q_proj", queries, width, attention.inputBias());
      all.linear(layer + "self_attn.k_proj", keys, width, attention.inputBias());
      all.linear(layer + "self_attn.v_proj", keys, width, attention.inputBias());
    }
    if (kind.normsHeads()) {
      all.add(layer + "self_attn.q_norm.weight", attention.width());
      all.add(layer + "self_attn.k_norm.weight", attention.width());
    }
    all.linear(layer + "self_attn.o_proj", width, queries, attention.outputBias());
    all.add(layer + "post_attention_layernorm.weight", width);
    if (kind.normsBranches()) all.add(layer + "pre_feedforward_layernorm.weight", width);
    addFeedForward(all, layer);
    if (kind.normsBranches()) all.add(layer + "post_feedforward_layernorm.weight", width);
  }

  private void addFeedForward(TensorList all, String layer) {
    if (experts != null) {
      all.add(layer + "block_sparse_moe.gate.weight", experts.count(), width);
      for (int e = 0; e < experts.count(); e++) {
        String expert = layer + "block_sparse_moe.experts." + e;
        all.add(expert + ".w1.weight", innerWidth, width);
        all.add(expert + ".w3.weight", innerWidth, width);
        all.add(expert + ".w2.weight", width, innerWidth);
      }
      return;
    }
    if (kind.fused()) {
      all.linear(layer + "mlp.gate_up_proj", 2L * innerWidth, width, innerBias);
    } else {
      all.linear(layer + "mlp.gate_proj", innerWidth, width, innerBias);
      all.linear(layer + "mlp.up_proj", innerWidth, width, innerBias);
    }
    all.linear(layer + "mlp.down_proj", width, innerWidth, innerBias);
  }

  @Override
  public ObjectNode toJson(ElementType type) {
    return LlamaKeys.write(this, type);
  }
}
