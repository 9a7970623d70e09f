package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Convert;
import dev.kindling.train.autodiff.Dropout;
import dev.kindling.train.autodiff.Recompute;
import dev.kindling.train.autodiff.Value;

/**
 * An encoder block with its norms behind the additions (Vaswani et al. 2017, section 3.1; Devlin et al. 2019):
 *
 * <pre>
 *   h = norm(h + attention(h))
 *   h = norm(h + activation(h W + b) W' + b')
 * </pre>
 */
public final class PostNormBlock {
  private final ProjectedAttention attention;
  private final RowNorm attentionNorm;
  private final FeedForward feedForward;
  private final RowNorm outputNorm;
  private final float attentionDropout;
  private final float outputDropout;

  /** @param attentionDropout rate of what attention says; @param outputDropout of what the feed-forward layer says */
  public PostNormBlock(ProjectedAttention attention, RowNorm attentionNorm, FeedForward feedForward,
      RowNorm outputNorm, float attentionDropout, float outputDropout) {
    this.attention = attention;
    this.attentionNorm = attentionNorm;
    this.feedForward = feedForward;
    this.outputNorm = outputNorm;
    this.attentionDropout = attentionDropout;
    this.outputDropout = outputDropout;
  }

  /** @param h float32 [rows, width]; @return likewise */
  public Value forward(Value h, Context context) {
    return Recompute.of(h, input -> run(input, context));
  }

  private Value run(Value h, Context context) {
    Value found = Dropout.of(attention.forward(stored(h), context, null), attentionDropout);
    Value x = attentionNorm.forward(found, h);
    h.forget();
    Value y = outputNorm.forward(Dropout.of(feedForward.forward(stored(x)), outputDropout), x);
    x.forget();
    return y;
  }

  private static Value stored(Value h) {
    return Convert.of(h, h.tape().stored());
  }
}
