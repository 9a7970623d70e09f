package dev.kindling.train.model;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.BertFamily;
import dev.kindling.train.autodiff.Dropout;
import dev.kindling.train.autodiff.Embed;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.autodiff.Weight;
import dev.kindling.train.kernel.AttentionForm;
import dev.kindling.train.kernel.Norm;
import dev.kindling.train.nn.Context;
import dev.kindling.train.nn.FeedForward;
import dev.kindling.train.nn.Initial;
import dev.kindling.train.nn.Linear;
import dev.kindling.train.nn.RowNorm;
import dev.kindling.train.nn.PostNormBlock;
import dev.kindling.train.nn.ProjectedAttention;
import dev.kindling.train.nn.WholeSequences;
import dev.kindling.train.nn.Weights;
import dev.kindling.train.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * The encoder of BERT's kin, under whatever head: words, positions and token types added and normalized, then blocks.
 *
 * <pre>
 *   h = norm(words[id] + positions[p] + types[t])     [rows, width], float32
 *   h = block(h)                                      once a layer; a position sees all of its text
 * </pre>
 */
final class BertEncoder {
  private final BertConfig config;
  private final Weight words;
  private final Weight positions;
  private final Weight types;                    // null: the family has none
  private final RowNorm norm;
  private final List<PostNormBlock> blocks = new ArrayList<>();

  /** @param multiplied whether the words are a head too */
  BertEncoder(BertConfig config, Weights weights, boolean multiplied) {
    this.config = config;
    Initial initial = new Initial.Normal(config.initializerRange());
    Weights embeddings = weights.under("embeddings");
    int width = config.width();
    words = multiplied
        ? embeddings.head("word_embeddings.weight", config.vocabularySize(), width, initial)
        : embeddings.table("word_embeddings.weight", config.vocabularySize(), width, initial);
    positions = embeddings.table("position_embeddings.weight", config.positions(), width, initial);
    types = config.tokenTypes() == 0
        ? null
        : embeddings.table("token_type_embeddings.weight", config.tokenTypes(), width, initial);
    norm = RowNorm.of(embeddings.under("LayerNorm"), Norm.layer(config.layerNormEpsilon()), width);
    for (int layer = 0; layer < config.layers(); layer++) {
      blocks.add(block(layer, weights.under(config.kind().layer().list() + "." + layer), initial));
    }
  }

  private PostNormBlock block(int layer, Weights weights, Initial initial) {
    BertFamily.Layer names = config.kind().layer();
    int width = config.width();
    int inner = config.innerWidth();
    ProjectedAttention attention = new ProjectedAttention(layer, config.heads(),
        AttentionForm.scaled(config.headWidth()).dropping(config.dropout().attention()),
        Linear.of(weights.under(names.query()), Linear.Form.TORCH, width, width, initial),
        Linear.of(weights.under(names.key()), Linear.Form.TORCH, width, width, initial),
        Linear.of(weights.under(names.value()), Linear.Form.TORCH, width, width, initial),
        Linear.of(weights.under(names.output()), Linear.Form.TORCH, width, width, initial));
    RowNorm attentionNorm = RowNorm.of(weights.under(names.attentionNorm()), Norm.layer(config.layerNormEpsilon()),
        width);
    Linear up = Linear.of(weights.under(names.up()), Linear.Form.TORCH, width, inner, initial);
    Linear down = Linear.of(weights.under(names.down()), Linear.Form.TORCH, inner, width, initial);
    return new PostNormBlock(attention, attentionNorm,
        FeedForward.plain(Decoders.kernel(config.activation()), up, down),
        RowNorm.of(weights.under(names.outputNorm()), Norm.layer(config.layerNormEpsilon()), width),
        config.kind() == BertFamily.DISTILBERT ? 0 : config.dropout().residual(), config.dropout().residual());
  }

  /** [vocabulary, width]. */
  Weight words() {
    return words;
  }

  /** @return float32 [rows · time, width] */
  Value forward(Tape tape, EncoderBatch batch) {
    int[] ids = ids(batch);
    List<Embed.Lookup> lookups = new ArrayList<>();
    lookups.add(new Embed.Lookup(tape.integers(ids, ids.length), words));
    lookups.add(new Embed.Lookup(tape.integers(positions(batch), ids.length), positions));
    if (types != null) lookups.add(new Embed.Lookup(tape.integers(types(batch), ids.length), types));
    Value h = Dropout.of(norm.forward(Embed.of(tape, lookups), DType.FLOAT32), config.dropout().embedding());
    Context context = WholeSequences.bidirectional(tape, batch.rows(), batch.time(), batch.lengths());
    for (PostNormBlock block : blocks) h = block.forward(h, context);
    return h;
  }

  /** Any id may stand on padding: one that exists is read. */
  private int[] ids(EncoderBatch batch) {
    int[] ids = new int[batch.inputs().length];
    for (int i = 0; i < ids.length; i++) {
      if (!batch.isPadding(i)) ids[i] = Tokens.check("token", batch.inputs()[i], config.vocabularySize());
    }
    return ids;
  }

  private int[] types(EncoderBatch batch) {
    int[] all = new int[batch.inputs().length];
    for (int i = 0; i < all.length && batch.tokenTypes() != null; i++) {
      if (!batch.isPadding(i)) all[i] = Tokens.check("token type", batch.tokenTypes()[i], config.tokenTypes());
    }
    return all;
  }

  /** RoBERTa counts from behind the padding token's id, and a padding token within a text has that id for a position. */
  private int[] positions(EncoderBatch batch) {
    boolean counted = config.kind() == BertFamily.ROBERTA;
    int[] all = new int[batch.inputs().length];
    for (int row = 0; row < batch.rows(); row++) {
      int next = config.firstPosition();
      for (int t = 0; t < batch.length(row); t++) {
        int i = row * batch.time() + t;
        boolean skipped = counted && batch.inputs()[i] == config.padToken();
        all[i] = skipped ? config.padToken() : next++;
      }
    }
    return all;
  }
}
