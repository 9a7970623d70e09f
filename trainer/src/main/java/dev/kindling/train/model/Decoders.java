package dev.kindling.train.model;

import dev.kindling.checkpoint.ActivationFunction;
import dev.kindling.checkpoint.BloomConfig;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.GptNeoxConfig;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.train.autodiff.Weight;
import dev.kindling.train.kernel.Activation;
import dev.kindling.train.kernel.AttentionForm;
import dev.kindling.train.kernel.Norm;
import dev.kindling.train.nn.Attention;
import dev.kindling.train.nn.Attention.Heading;
import dev.kindling.train.nn.Block;
import dev.kindling.train.nn.Block.Step;
import dev.kindling.train.nn.Branch;
import dev.kindling.train.nn.Embedding;
import dev.kindling.train.nn.FeedForward;
import dev.kindling.train.nn.Initial;
import dev.kindling.train.nn.Linear;
import dev.kindling.train.nn.RotaryTable;
import dev.kindling.train.nn.RowNorm;
import dev.kindling.train.nn.Sinusoids;
import dev.kindling.train.nn.Weights;
import java.util.ArrayList;
import java.util.List;

/**
 * How the layers of each family are put together, under the names of its files. Weights are declared in the order of
 * {@link DecoderConfig#tensors}. Fresh ones are normal, thinner where a branch writes to the residual stream: two additions a
 * layer, kept at unit growth (Radford et al. 2019, section 2.3).
 */
final class Decoders {
  private final DecoderConfig config;
  private final Weights weights;
  private final Initial initial;
  private final Initial residual;

  private Decoders(DecoderConfig config, Weights weights) {
    this.config = config;
    this.weights = weights;
    initial = new Initial.Normal(config.initializerRange());
    residual = new Initial.Normal(config.initializerRange() / Math.sqrt(2.0 * config.layers()));
  }

  /**
   * A decoder's layers.
   *
   * @param rotary null: positions are not rotary; @param head [vocabulary, width]; @param softcap of the logits, 0: none
   * @param alibi whether scores fall with the distance
   */
  record Layers(Embedding embedding, List<Block> blocks, RowNorm finalNorm, Weight head, RotaryTable rotary,
      boolean alibi, float softcap) {}

  static Layers of(DecoderConfig config, Weights weights) {
    Decoders decoders = new Decoders(config, weights);
    if (config instanceof Gpt2Config gpt2) return decoders.gpt2(gpt2);
    if (config instanceof LlamaConfig llama) return new LlamaLayers(llama, weights).layers();
    if (config instanceof GptNeoxConfig neox) return decoders.neox(neox);
    return decoders.bloom((BloomConfig) config);
  }

  private Weight tokens(String name) {
    return config.tiedHead()
        ? weights.head(name, config.vocabularySize(), config.width(), initial)
        : weights.table(name, config.vocabularySize(), config.width(), initial);
  }

  private Weight head(String name, Weight tokens) {
    return config.tiedHead() ? tokens : weights.head(name, config.vocabularySize(), config.width(), initial);
  }

  private Layers gpt2(Gpt2Config gpt2) {
    Norm norm = Norm.layer(gpt2.layerNormEpsilon());
    Linear.Form form = Linear.Form.CONV1D;
    Weight tokens = tokens("transformer.wte.weight");
    Weight positions = gpt2.sinusoidal()
        ? weights.fixed("transformer.wpe.weight", gpt2.contextLength(), gpt2.width(),
            Sinusoids.table(gpt2.contextLength(), gpt2.width()))
        : weights.table("transformer.wpe.weight", gpt2.contextLength(), gpt2.width(), initial);
    Embedding embedding = Embedding.withPositions(tokens, positions, config.dropout().embedding());
    List<Block> blocks = new ArrayList<>();
    for (int n = 0; n < gpt2.layers(); n++) {
      Weights layer = weights.under("transformer.h." + n);
      RowNorm before = RowNorm.of(layer.under("ln_1"), norm, gpt2.width());
      Attention attention = fused(layer.under("attn.c_attn"), layer.under("attn.c_proj"), form, n, false, null);
      RowNorm second = RowNorm.of(layer.under("ln_2"), norm, gpt2.width());
      FeedForward inner = plain(ActivationFunction.GELU_TANH, layer.under("mlp.c_fc"),
          layer.under("mlp.c_proj"), form);
      blocks.add(Block.of(step(before, attention::forward), step(second, inner)));
    }
    RowNorm last = RowNorm.of(weights.under("transformer.ln_f"), norm, gpt2.width());
    return new Layers(embedding, blocks, last, head("lm_head.weight", tokens), null, false, 0);
  }

  private Layers neox(GptNeoxConfig neox) {
    Norm norm = Norm.layer(neox.normEpsilon());
    RotaryTable rotary = new RotaryTable(neox.rope(), neox.headWidth());
    Weight tokens = tokens("gpt_neox.embed_in.weight");
    List<Block> blocks = new ArrayList<>();
    for (int n = 0; n < neox.layers(); n++) {
      Weights layer = weights.under("gpt_neox.layers." + n);
      RowNorm before = RowNorm.of(layer.under("input_layernorm"), norm, neox.width());
      Attention attention = fused(layer.under("attention.query_key_value"), layer.under("attention.dense"),
          Linear.Form.torch(neox.attentionBias()), n, true, rotary);
      RowNorm second = RowNorm.of(layer.under("post_attention_layernorm"), norm, neox.width());
      FeedForward inner = plain(neox.activation(), layer.under("mlp.dense_h_to_4h"), layer.under("mlp.dense_4h_to_h"),
          Linear.Form.TORCH);
      Step first = step(before, attention::forward);
      Step then = step(second, inner);
      blocks.add(neox.parallel() ? Block.sideBySide(first, then) : Block.of(first, then));
    }
    RowNorm last = RowNorm.of(weights.under("gpt_neox.final_layer_norm"), norm, neox.width());
    return new Layers(new Embedding(tokens, 1, null, null, config.dropout().embedding()), blocks, last,
        head("embed_out.weight", tokens), rotary,
        false, 0);
  }

  private Layers bloom(BloomConfig bloom) {
    Norm norm = Norm.layer(bloom.normEpsilon());
    Weight tokens = tokens("transformer.word_embeddings.weight");
    Embedding embedding = new Embedding(tokens, 1, null,
        RowNorm.of(weights.under("transformer.word_embeddings_layernorm"), norm, bloom.width()),
        bloom.dropout().embedding());
    List<Block> blocks = new ArrayList<>();
    for (int n = 0; n < bloom.layers(); n++) {
      Weights layer = weights.under("transformer.h." + n);
      RowNorm before = RowNorm.of(layer.under("input_layernorm"), norm, bloom.width());
      Attention attention = fused(layer.under("self_attention.query_key_value"), layer.under("self_attention.dense"),
          Linear.Form.TORCH, n, true, null);
      RowNorm second = RowNorm.of(layer.under("post_attention_layernorm"), norm, bloom.width());
      FeedForward inner = plain(ActivationFunction.GELU_TANH, layer.under("mlp.dense_h_to_4h"),
          layer.under("mlp.dense_4h_to_h"), Linear.Form.TORCH);
      blocks.add(Block.of(step(before, attention::forward), step(second, inner)));
    }
    RowNorm last = RowNorm.of(weights.under("transformer.ln_f"), norm, bloom.width());
    return new Layers(embedding, blocks, last, head("lm_head.weight", tokens), null, true, 0);
  }

  private Step step(RowNorm before, Branch branch) {
    return new Step(before, branch, null, config.dropout().residual());
  }

  /** Queries, keys and values as one matrix. */
  private Attention fused(Weights input, Weights output, Linear.Form form, int layer, boolean headByHead,
      RotaryTable rotary) {
    Heading heading = new Heading(layer, config.heads(), config.heads(), config.headWidth(), headByHead,
        AttentionForm.scaled(config.headWidth()).dropping(config.dropout().attention()), 0);
    int width = config.width();
    Linear all = Linear.of(input, form, width, 3L * width, heading.stacked(form.orientation()), initial);
    return Attention.fused(heading, all, rotary, Linear.of(output, form, width, width, residual));
  }

  private FeedForward plain(ActivationFunction activation, Weights up, Weights down, Linear.Form form) {
    Linear wide = Linear.of(up, form, config.width(), config.innerWidth(), initial);
    return FeedForward.plain(kernel(activation), wide,
        Linear.of(down, form, config.innerWidth(), config.width(), residual));
  }

  /** The kernels' name of a function that files name. */
  static Activation kernel(ActivationFunction activation) {
    return switch (activation) {
      case GELU -> Activation.GELU_ERF;
      case GELU_TANH -> Activation.GELU_TANH;
      case RELU -> Activation.RELU;
      case SILU -> Activation.SILU;
    };
  }
}
