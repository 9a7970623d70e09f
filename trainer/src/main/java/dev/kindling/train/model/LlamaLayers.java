package dev.kindling.train.model;

import dev.kindling.checkpoint.HeadShape;
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
import dev.kindling.train.nn.Mixture;
import dev.kindling.train.nn.Orientation;
import dev.kindling.train.nn.RotaryTable;
import dev.kindling.train.nn.RowNorm;
import dev.kindling.train.nn.Stacked;
import dev.kindling.train.nn.Weights;
import java.util.ArrayList;
import java.util.List;

/** The layers of Llama and the families that vary it. */
final class LlamaLayers {
  private final LlamaConfig config;
  private final HeadShape shape;
  private final Weights weights;
  private final Initial initial;
  private final Initial residual;
  private final Norm norm;
  private final Activation activation;
  private final RotaryTable rotary;

  LlamaLayers(LlamaConfig config, Weights weights) {
    this.config = config;
    this.weights = weights;
    shape = config.attention();
    initial = new Initial.Normal(config.initializerRange());
    residual = new Initial.Normal(config.initializerRange() / Math.sqrt(2.0 * config.layers()));
    norm = new Norm(false, config.normEpsilon(), config.kind().normOffset());
    activation = Decoders.kernel(config.activation());
    rotary = new RotaryTable(config.rope(), shape.width());
  }

  Decoders.Layers layers() {
    int width = config.width();
    int vocabulary = config.vocabularySize();
    Weight tokens = config.tiedHead()
        ? weights.head("model.embed_tokens.weight", vocabulary, width, initial)
        : weights.table("model.embed_tokens.weight", vocabulary, width, initial);
    float factor = config.kind().scalesEmbeddings() ? (float) Math.sqrt(width) : 1;
    List<Block> blocks = new ArrayList<>();
    for (int n = 0; n < config.layers(); n++) blocks.add(block(weights.under("model.layers." + n), n));
    RowNorm last = RowNorm.of(weights.under("model.norm"), norm, width);
    Weight head = config.tiedHead() ? tokens : weights.head("lm_head.weight", vocabulary, width, initial);
    return new Decoders.Layers(new Embedding(tokens, factor, null, null, 0), blocks, last, head, rotary, false,
        config.logitSoftcap());
  }

  private Block block(Weights layer, int n) {
    int width = config.width();
    RowNorm first = RowNorm.of(layer.under("input_layernorm"), norm, width);
    Attention attention = attention(layer.under("self_attn"), n);
    RowNorm second = RowNorm.of(layer.under("post_attention_layernorm"), norm, width);
    float dropout = config.dropout().residual();
    if (!config.kind().normsBranches()) {
      return Block.of(new Step(first, attention::forward, null, dropout),
          new Step(second, inner(layer), null, dropout));
    }
    RowNorm third = RowNorm.of(layer.under("pre_feedforward_layernorm"), norm, width);
    Branch inner = inner(layer);
    RowNorm fourth = RowNorm.of(layer.under("post_feedforward_layernorm"), norm, width);
    return Block.of(new Step(first, attention::forward, second, dropout),
        new Step(third, inner, fourth, dropout));
  }

  private Attention attention(Weights at, int n) {
    AttentionForm form = new AttentionForm((float) (1 / Math.sqrt(shape.scalar())), shape.softcap(),
        config.dropout().attention());
    Heading heading = new Heading(n, shape.heads(), shape.keyValueHeads(), shape.width(), false, form,
        shape.windows().get(n));
    Linear.Form in = Linear.Form.torch(shape.inputBias());
    Linear.Form out = Linear.Form.torch(shape.outputBias());
    long queries = (long) shape.heads() * shape.width();
    long keys = (long) shape.keyValueHeads() * shape.width();
    if (config.kind().fused()) {
      Linear all = Linear.of(at.under("qkv_proj"), in, config.width(), queries + 2 * keys,
          heading.stacked(Orientation.OUT_IN), initial);
      return Attention.fused(heading, all, rotary,
          Linear.of(at.under("o_proj"), out, queries, config.width(), residual));
    }
    Linear query = Linear.of(at.under("q_proj"), in, config.width(), queries, initial);
    Linear key = Linear.of(at.under("k_proj"), in, config.width(), keys, initial);
    Linear value = Linear.of(at.under("v_proj"), in, config.width(), keys, initial);
    boolean normed = config.kind().normsHeads();
    RowNorm queryNorm = normed ? RowNorm.of(at.under("q_norm"), norm, shape.width()) : null;
    RowNorm keyNorm = normed ? RowNorm.of(at.under("k_norm"), norm, shape.width()) : null;
    return Attention.apart(heading, query, key, value, queryNorm, keyNorm, rotary,
        Linear.of(at.under("o_proj"), out, queries, config.width(), residual));
  }

  private Branch inner(Weights layer) {
    int width = config.width();
    long inner = config.innerWidth();
    Linear.Form form = Linear.Form.torch(config.innerBias());
    if (config.experts() != null) return mixture(layer.under("block_sparse_moe"));
    if (config.kind().fused()) {
      Linear both = Linear.of(layer.under("mlp.gate_up_proj"), form, width, 2 * inner,
          new Stacked(true, List.of(inner, inner)), initial);
      return FeedForward.fused(activation, both, Linear.of(layer.under("mlp.down_proj"), form, inner, width, residual));
    }
    Linear gate = Linear.of(layer.under("mlp.gate_proj"), form, width, inner, initial);
    Linear up = Linear.of(layer.under("mlp.up_proj"), form, width, inner, initial);
    return FeedForward.gated(activation, gate, up,
        Linear.of(layer.under("mlp.down_proj"), form, inner, width, residual));
  }

  private Mixture mixture(Weights at) {
    int width = config.width();
    Linear.Form form = Linear.Form.TORCH_BARE;
    Linear router = Linear.of(at.under("gate"), form, width, config.experts().count(), initial);
    List<FeedForward> experts = new ArrayList<>();
    for (int e = 0; e < config.experts().count(); e++) {
      Weights expert = at.under("experts." + e);
      Linear gate = Linear.of(expert.under("w1"), form, width, config.innerWidth(), initial);
      Linear up = Linear.of(expert.under("w3"), form, width, config.innerWidth(), initial);
      experts.add(FeedForward.gated(activation, gate, up,
          Linear.of(expert.under("w2"), form, config.innerWidth(), width, residual)));
    }
    return new Mixture(router, experts, config.experts().perToken());
  }
}
