package dev.kindling.checkpoint;

import static dev.kindling.checkpoint.UserError.require;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** {@link LlamaConfig} as the {@code config.json} of its families. */
final class LlamaKeys {
  private static final String SLIDING = "sliding_attention";
  private static final String FULL = "full_attention";

  private LlamaKeys() {
  }

  static LlamaConfig read(LlamaFamily kind, ConfigKeys keys) {
    keys.only("use_bidirectional_attention", false);
    keys.only("attention_qkv_bias", false);
    int layers = keys.positive("num_hidden_layers");
    require(layers <= DecoderConfig.MOST_LAYERS, "num_hidden_layers", layers,
        "between 1 and " + DecoderConfig.MOST_LAYERS);
    boolean gemma = kind == LlamaFamily.GEMMA2;
    boolean innerBias = kind == LlamaFamily.LLAMA && keys.flag("mlp_bias", false);
    return new LlamaConfig(kind, keys.positive("vocab_size"), keys.positive("hidden_size"), layers,
        attention(kind, keys, layers), RopeKeys.read(keys, kind.usualTheta(), kind == LlamaFamily.PHI3),
        keys.positive("intermediate_size"), activation(keys, gemma), innerBias, experts(kind, keys),
        keys.positive("rms_norm_eps", kind.usualEpsilon()),
        gemma ? softcap(keys, "final_logit_softcapping", 30) : 0, keys.flag("tie_word_embeddings", gemma),
        keys.positive("initializer_range", 0.02f), TokenIds.read(keys), dropout(kind, keys));
  }

  private static DropoutRates dropout(LlamaFamily kind, ConfigKeys keys) {
    float attention = keys.share("attention_dropout", 0);
    return kind == LlamaFamily.PHI3
        ? new DropoutRates(keys.share("embd_pdrop", 0), keys.share("resid_pdrop", 0), attention, 0)
        : new DropoutRates(0, 0, attention, 0);
  }

  private static ActivationFunction activation(ConfigKeys keys, boolean gemma) {
    String[] names = ActivationFunction.names().toArray(new String[0]);
    if (!gemma) return ActivationFunction.named(keys.oneOf("hidden_act", "silu", names));
    return ActivationFunction.named(keys.oneOf("hidden_activation", "gelu_pytorch_tanh", names));
  }

  /** Null is none, and so is a missing key unless the family has a usual one. */
  private static float softcap(ConfigKeys keys, String key, float usual) {
    return keys.mentioned(key) && !keys.present(key) ? 0 : keys.positive(key, usual);
  }

  private static HeadShape attention(LlamaFamily kind, ConfigKeys keys, int layers) {
    int heads = keys.positive("num_attention_heads");
    int usual = keys.mentioned("num_key_value_heads") ? 0 : kind.usualKeyValueHeads();
    int keyValueHeads = keys.positive("num_key_value_heads", usual == 0 ? heads : usual);
    int width = headWidth(kind, keys, heads);
    boolean all = (kind == LlamaFamily.LLAMA || kind == LlamaFamily.QWEN3 || kind == LlamaFamily.GEMMA2)
        && keys.flag("attention_bias", false);
    boolean gemma = kind == LlamaFamily.GEMMA2;
    return new HeadShape(heads, keyValueHeads, width, all || kind == LlamaFamily.QWEN2, all,
        windows(kind, keys, layers), gemma ? keys.positive("query_pre_attn_scalar", 256f) : width,
        gemma ? softcap(keys, "attn_logit_softcapping", 50) : 0);
  }

  private static int headWidth(LlamaFamily kind, ConfigKeys keys, int heads) {
    if (keys.present("head_dim")) return keys.positive("head_dim");
    if (!keys.mentioned("head_dim") && kind.usualHeadWidth() > 0) return kind.usualHeadWidth();
    int width = keys.positive("hidden_size");
    require(width % heads == 0, "hidden_size", width,
        "a multiple of num_attention_heads, " + heads + ", where head_dim is not there");
    return width / heads;
  }

  private static List<Integer> windows(LlamaFamily kind, ConfigKeys keys, int layers) {
    boolean qwen = kind == LlamaFamily.QWEN2 || kind == LlamaFamily.QWEN3;
    boolean none = kind == LlamaFamily.LLAMA || qwen && !keys.flag("use_sliding_window", false);
    int usual = keys.mentioned("sliding_window") ? 0 : kind.usualWindow();
    int window = none ? 0 : keys.present("sliding_window") ? keys.positive("sliding_window") : usual;
    List<String> types = kind.listsLayerTypes() ? keys.words("layer_types", FULL, SLIDING) : null;
    int first = qwen ? keys.count("max_window_layers", 28) : 0;      // Qwen: the layers from there on have the window
    List<Integer> all = new ArrayList<>();
    if (types != null) {
      for (String type : types) all.add(type.equals(SLIDING) ? window : 0);
      return all;
    }
    for (int n = 0; n < layers; n++) {
      boolean slides = kind == LlamaFamily.GEMMA2 ? n % 2 == 0 : n >= first;
      all.add(slides ? window : 0);
    }
    return all;
  }

  private static Experts experts(LlamaFamily kind, ConfigKeys keys) {
    if (kind != LlamaFamily.MIXTRAL) return null;
    double jitter = keys.number("router_jitter_noise", 0);
    require(jitter == 0, "router_jitter_noise", jitter, "0 (nothing else is computed here)");
    return new Experts(keys.positive("num_local_experts", 8), keys.positive("num_experts_per_tok", 2),
        (float) keys.number("router_aux_loss_coef", 0.001), (float) keys.number("router_z_loss_coef", 0),
        keys.flag("output_router_logits", false));
  }

  static ObjectNode write(LlamaConfig config, ElementType type) {
    LlamaFamily kind = config.kind();
    HeadShape attention = config.attention();
    ConfigJson json = new ConfigJson(kind.architecture(), kind.modelType());
    json.put("vocab_size", config.vocabularySize()).put("hidden_size", config.width());
    json.put("intermediate_size", config.innerWidth()).put("num_hidden_layers", config.layers());
    json.put("num_attention_heads", attention.heads()).put("num_key_value_heads", attention.keyValueHeads());
    json.put("head_dim", attention.width());
    json.put(kind == LlamaFamily.GEMMA2 ? "hidden_activation" : "hidden_act", name(config.activation(), kind));
    json.decimal("rms_norm_eps", config.normEpsilon()).decimal("initializer_range", config.initializerRange());
    json.put("tie_word_embeddings", config.tiedHead());
    json.decimal("attention_dropout", config.dropout().attention()).put("use_cache", true);
    RopeKeys.write(config.rope(), json.object());
    if (kind == LlamaFamily.LLAMA || kind == LlamaFamily.QWEN3 || kind == LlamaFamily.GEMMA2)
      json.put("attention_bias", attention.outputBias());
    if (kind == LlamaFamily.LLAMA) json.put("mlp_bias", config.innerBias()).put("pretraining_tp", 1);
    if (kind == LlamaFamily.PHI3) {
      json.decimal("resid_pdrop", config.dropout().residual()).decimal("embd_pdrop", config.dropout().embedding());
    }
    if (kind != LlamaFamily.LLAMA) writeWindows(config, json);
    if (kind == LlamaFamily.GEMMA2) writeGemma(config, json.object());
    if (config.experts() != null) writeExperts(config.experts(), json);
    config.tokens().write(json);
    return json.stored(type);
  }

  private static String name(ActivationFunction activation, LlamaFamily kind) {
    return kind == LlamaFamily.GEMMA2 && activation == ActivationFunction.GELU_TANH
        ? "gelu_pytorch_tanh"
        : activation.hubName();
  }

  private static void writeWindows(LlamaConfig config, ConfigJson json) {
    List<Integer> windows = config.attention().windows();
    int window = config.attention().window();
    json.putOrNull("sliding_window", window);
    if (!config.kind().listsLayerTypes()) return;
    ArrayNode types = json.object().putArray("layer_types");
    windows.forEach(w -> types.add(w > 0 ? SLIDING : FULL));
    if (config.kind() == LlamaFamily.GEMMA2) return;
    int first = 0;
    while (first < windows.size() && windows.get(first) == 0) first++;
    json.put("use_sliding_window", window > 0).put("max_window_layers", first);
  }

  private static void writeGemma(LlamaConfig config, ObjectNode json) {
    json.put("query_pre_attn_scalar", (long) config.attention().scalar());
    putOrNull(json, "attn_logit_softcapping", config.attention().softcap());
    putOrNull(json, "final_logit_softcapping", config.logitSoftcap());
  }

  private static void putOrNull(ObjectNode json, String key, float value) {
    if (value == 0) json.putNull(key);
    else json.put(key, Double.parseDouble(Float.toString(value)));
  }

  private static void writeExperts(Experts experts, ConfigJson json) {
    json.put("num_local_experts", experts.count()).put("num_experts_per_tok", experts.perToken());
    json.decimal("router_aux_loss_coef", experts.balance()).put("output_router_logits", experts.inLoss());
    if (experts.zLoss() > 0) json.decimal("router_z_loss_coef", experts.zLoss());
    json.decimal("router_jitter_noise", 0);
  }
}
