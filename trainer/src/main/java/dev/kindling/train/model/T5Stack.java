package dev.kindling.train.model;

import dev.kindling.checkpoint.T5Config;
import dev.kindling.train.autodiff.Dropout;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.kernel.Activation;
import dev.kindling.train.kernel.AttentionForm;
import dev.kindling.train.kernel.Norm;
import dev.kindling.train.nn.Context;
import dev.kindling.train.nn.EncoderCache;
import dev.kindling.train.nn.EncoderOutput;
import dev.kindling.train.nn.FeedForward;
import dev.kindling.train.nn.Initial;
import dev.kindling.train.nn.Linear;
import dev.kindling.train.nn.ProjectedAttention;
import dev.kindling.train.nn.RelativePositions;
import dev.kindling.train.nn.Residual;
import dev.kindling.train.nn.RowNorm;
import dev.kindling.train.nn.T5Block;
import dev.kindling.train.nn.Weights;
import java.util.ArrayList;
import java.util.List;

/** T5's encoder or decoder: its blocks, the biases by distance that all of them share, and a norm at the end. */
final class T5Stack {
  private final T5Config config;
  private final Activation activation;
  private final float dropout;
  private final RelativePositions positions;
  private final List<T5Block> blocks = new ArrayList<>();
  private final RowNorm finalNorm;

  /** @param decoder whether positions see only those before them, and what was encoded */
  T5Stack(T5Config config, Weights weights, int layers, boolean decoder) {
    this.config = config;
    activation = Decoders.kernel(config.activation());
    dropout = config.dropout().residual();
    RelativePositions shared = null;
    for (int layer = 0; layer < layers; layer++) {
      Weights block = weights.under("block." + layer + ".layer");
      ProjectedAttention self = attention(layer, block.under("0.SelfAttention"));
      if (layer == 0) {
        shared = new RelativePositions(block.under("0.SelfAttention.relative_attention_bias"), config.buckets(),
            config.heads(), config.maxDistance(), !decoder, deviation(config.width()));
      }
      RowNorm selfNorm = norm(block.under("0.layer_norm"));
      ProjectedAttention cross = decoder ? attention(layer, block.under("1.EncDecAttention")) : null;
      RowNorm crossNorm = decoder ? norm(block.under("1.layer_norm")) : null;
      Weights last = block.under(decoder ? "2" : "1");
      FeedForward feedForward = feedForward(last.under("DenseReluDense")).dropping(dropout);
      blocks.add(new T5Block(selfNorm, self, crossNorm, cross, norm(last.under("layer_norm")), feedForward,
          dropout));
    }
    positions = shared;
    finalNorm = norm(weights.under("final_layer_norm"));
  }

  /** Scores are not divided by √headWidth: the deviation of fresh queries is (the authors' code; section 2.1). */
  private ProjectedAttention attention(int layer, Weights weights) {
    long inner = (long) config.heads() * config.headWidth();
    Linear query = bare(weights.under("q"), config.width(), inner,
        deviation((double) config.width() * config.headWidth()));
    Linear key = bare(weights.under("k"), config.width(), inner, deviation(config.width()));
    Linear value = bare(weights.under("v"), config.width(), inner, deviation(config.width()));
    Linear output = bare(weights.under("o"), inner, config.width(), deviation(inner));
    return new ProjectedAttention(layer, config.heads(), new AttentionForm(1, 0, dropout), query, key, value, output);
  }

  private FeedForward feedForward(Weights weights) {
    int width = config.width();
    int inner = config.innerWidth();
    Linear down = bare(weights.under("wo"), inner, width, deviation(inner));
    if (!config.gated()) {
      return FeedForward.plain(activation, bare(weights.under("wi"), width, inner, deviation(width)), down);
    }
    Linear gate = bare(weights.under("wi_0"), width, inner, deviation(width));
    return FeedForward.gated(activation, gate, bare(weights.under("wi_1"), width, inner, deviation(width)), down);
  }

  private static Linear bare(Weights weights, long in, long out, Initial initial) {
    return Linear.of(weights, Linear.Form.TORCH_BARE, in, out, initial);
  }

  private RowNorm norm(Weights weights) {
    return RowNorm.of(weights, Norm.rms(config.layerNormEpsilon()), config.width());
  }

  /** A deviation of 1 / √from, times the configuration's factor. */
  private Initial deviation(double from) {
    return new Initial.Normal(config.initializerFactor() / Math.sqrt(from));
  }

  /**
   * @param h float32 [rows, width], what was read; @param encoded null in an encoder
   * @return stored [rows, width]
   */
  Value forward(Tape tape, Value h, Context context, EncoderOutput encoded) {
    Residual stream = new Residual(Dropout.of(h, dropout));
    Value bias = positions.bias(tape, context);
    for (T5Block block : blocks) block.forward(stream, context, bias, encoded);
    return Dropout.of(finalNorm.forward(stream), dropout);
  }

  /** Fills a cache with what each block makes of an encoder's output. @param encoded stored [rows, width] */
  void fill(EncoderCache cache, Value encoded) {
    for (int layer = 0; layer < blocks.size(); layer++) cache.put(layer, blocks.get(layer).keysAndValues(encoded));
  }
}
