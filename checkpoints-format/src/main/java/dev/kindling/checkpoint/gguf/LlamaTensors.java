package dev.kindling.checkpoint.gguf;

import dev.kindling.checkpoint.ActivationFunction;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.LlamaFamily;
import dev.kindling.checkpoint.Rope;
import dev.kindling.checkpoint.RopeScaling;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Llama, Mistral and Qwen2 under llama.cpp's names. Its {@code llama} turns neighbouring dimensions (2i, 2i + 1) of a head
 * where Hugging Face's files have them half a head apart (i, i + half): rows of queries and keys change places, as llama.cpp's
 * own converter lets them. Its {@code qwen2} turns them as the files have them.
 */
final class LlamaTensors {
  private final LlamaConfig config;
  private final WeightSource weights;
  private final GgufType matrixType;
  private final List<GgufWriter.Tensor> all = new ArrayList<>();

  private LlamaTensors(LlamaConfig config, WeightSource weights, GgufType matrixType) {
    this.config = config;
    this.weights = weights;
    this.matrixType = matrixType;
  }

  /** @throws UserError for what llama.cpp would compute otherwise */
  static void requireKnown(LlamaConfig config, String where) {
    boolean known = switch (config.kind()) {
      case LLAMA, MISTRAL, QWEN2 -> true;
      default -> false;
    };
    if (!known) {
      throw new UserError(where + ": GGUF is written of gpt2, llama, mistral and qwen2; this model is "
          + config.family() + ": export it with hf and convert it with llama.cpp's own tools");
    }
    for (int window : config.attention().windows()) {
      if (window > 0 && window < config.contextLength())
        throw new UserError(where + ": sliding_window is " + window + "; llama.cpp reads " + config.family()
            + " without windows: set it to null where no text is longer, or export with hf");
    }
    if (config.attention().inputBias() && config.heads() * config.headWidth() != config.width()) {
      throw new UserError(where + ": head_dim is " + config.headWidth() + "; with attention_bias llama.cpp takes "
          + "hidden_size / num_attention_heads only: export with hf");
    }
    if (config.activation() != ActivationFunction.SILU) {
      throw new UserError(where + ": hidden_act is " + config.activation().hubName() + "; llama.cpp computes "
          + config.family() + " with silu only: export with hf");
    }
    requireKnown(config.rope(), where);
  }

  private static void requireKnown(Rope rope, String where) {
    if (rope.share() != 1) {
      throw new UserError(where + ": partial_rotary_factor is " + rope.share()
          + "; GGUF is written of heads that are turned as a whole: export with hf");
    }
    RopeScaling scaling = rope.scaling();
    if (scaling instanceof RopeScaling.Yarn yarn) requireUsual(yarn, where);
    if (scaling instanceof RopeScaling.Dynamic || scaling instanceof RopeScaling.LongRope
        || scaling instanceof RopeScaling.Llama3) {
      throw new UserError(where + ": rope_scaling is " + scaling
          + "; GGUF is written with default, linear and yarn: export with hf and convert it with llama.cpp's own tools");
    }
  }

  /** What llama.cpp takes where the file does not say: ends of 32 and 1 rotations, rounded, and the paper's temperature. */
  private static void requireUsual(RopeScaling.Yarn yarn, String where) {
    double temperature = RopeScaling.Yarn.usualTemperature(yarn.factor(), 1);
    String other = null;
    if (Math.abs(yarn.temperature() - temperature) > 1e-6 * temperature)
      other = "attention_factor is " + yarn.temperature() + " where the usual one is " + temperature;
    else
      if (yarn.fast() != 32) other = "beta_fast is " + yarn.fast() + " where the usual one is 32";
      else if (yarn.slow() != 1) other = "beta_slow is " + yarn.slow() + " where the usual one is 1";
      else if (!yarn.whole()) other = "truncate is false where true is usual";
    if (other != null) {
      throw new UserError(where + ": rope_scaling." + other
          + "; GGUF is written with the usual numbers of yarn: export with hf");
    }
  }

  /** The numbers of {@code llama.*} or {@code qwen2.*}. */
  static Map<String, Object> metadata(LlamaConfig config) {
    String name = architecture(config) + ".";
    Rope rope = config.rope();
    Map<String, Object> all = new LinkedHashMap<>();
    all.put(name + "vocab_size", config.vocabularySize());
    all.put(name + "context_length", config.contextLength());
    all.put(name + "embedding_length", config.width());
    all.put(name + "block_count", config.layers());
    all.put(name + "feed_forward_length", config.innerWidth());
    all.put(name + "attention.head_count", config.heads());
    all.put(name + "attention.head_count_kv", config.keyValueHeads());
    all.put(name + "attention.key_length", config.headWidth());
    all.put(name + "attention.value_length", config.headWidth());
    all.put(name + "attention.layer_norm_rms_epsilon", config.normEpsilon());
    all.put(name + "rope.dimension_count", rope.dimensions(config.headWidth()));
    all.put(name + "rope.freq_base", (float) rope.theta());
    if (rope.scaling() instanceof RopeScaling.Linear linear) {
      all.put(name + "rope.scaling.type", "linear");
      all.put(name + "rope.scaling.factor", (float) linear.factor());
    } else if (rope.scaling() instanceof RopeScaling.Yarn yarn) {
      all.put(name + "rope.scaling.type", "yarn");
      all.put(name + "rope.scaling.factor", (float) yarn.factor());
      all.put(name + "rope.scaling.original_context_length", yarn.length());
    }
    return all;
  }

  static String architecture(LlamaConfig config) {
    return config.kind() == LlamaFamily.MISTRAL ? "llama" : config.family();
  }

  static List<GgufWriter.Tensor> of(LlamaConfig config, WeightSource weights, GgufType matrixType) {
    LlamaTensors tensors = new LlamaTensors(config, weights, matrixType);
    tensors.add("model.embed_tokens", "token_embd", 0);
    for (int n = 0; n < config.layers(); n++) tensors.addLayer("model.layers." + n + ".", "blk." + n + ".");
    tensors.add("model.norm", "output_norm", 0);
    // A tied head is written too: not every release of llama.cpp takes the embedding for it.
    tensors.add(config.tiedHead() ? "model.embed_tokens" : "lm_head", "output", 0);
    return tensors.all;
  }

  private void addLayer(String from, String to) {
    boolean turned = architecture(config).equals("llama");
    add(from + "input_layernorm", to + "attn_norm", 0);
    add(from + "self_attn.q_proj", to + "attn_q", turned ? config.heads() : 0);
    add(from + "self_attn.k_proj", to + "attn_k", turned ? config.keyValueHeads() : 0);
    add(from + "self_attn.v_proj", to + "attn_v", 0);
    add(from + "self_attn.o_proj", to + "attn_output", 0);
    add(from + "post_attention_layernorm", to + "ffn_norm", 0);
    add(from + "mlp.gate_proj", to + "ffn_gate", 0);
    add(from + "mlp.up_proj", to + "ffn_up", 0);
    add(from + "mlp.down_proj", to + "ffn_down", 0);
  }

  /** Weight, and bias where there is one. @param turnedHeads heads whose halves are interleaved; 0: none */
  private void add(String from, String to, int turnedHeads) {
    for (String part : new String[]{".weight", ".bias"}) {
      if (weights.find(from + part) != null) addPart(from + part, to + part, turnedHeads);
    }
  }

  private void addPart(String from, String to, int turnedHeads) {
    long[] shape = weights.find(from).shape();
    if (shape.length == 1) {
      all.add(new GgufWriter.Tensor(to, GgufType.F32, shape, (row, into) -> {
        float[] values = weights.read(from);
        for (int i = 0; i < into.length; i++) into[i] = values[(int) turned(i, into.length, turnedHeads)];
      }));
      return;
    }
    GgufType type = matrixType.fits(shape[1]) ? matrixType : GgufType.F16;
    all.add(new GgufWriter.Tensor(to, type, shape, (row, into) -> weights.read(from,
        turned(row, shape[0], turnedHeads) * shape[1], into, 0, into.length)));
  }

  /** The row of the file that stands in a row of llama.cpp's. @param heads 0: the same */
  private static long turned(long row, long rows, int heads) {
    if (heads == 0) return row;
    long width = rows / heads;
    long within = row % width;
    return row - within + within % 2 * (width / 2) + within / 2;
  }
}
