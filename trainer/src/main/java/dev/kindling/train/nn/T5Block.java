package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Dropout;
import dev.kindling.train.autodiff.Value;
import java.util.List;

/**
 * A block of T5's encoder or decoder, its norms before each part (Raffel et al. 2020, section 2.1):
 *
 * <pre>
 *   h = h + selfAttention(norm(h), bias)
 *   h = h + crossAttention(norm(h), encoded)     in a decoder
 *   h = h + feedForward(norm(h))
 * </pre>
 */
public final class T5Block {
  private final RowNorm selfNorm;
  private final ProjectedAttention self;
  private final RowNorm crossNorm;               // null, as the next: an encoder
  private final ProjectedAttention cross;
  private final RowNorm feedForwardNorm;
  private final FeedForward feedForward;
  private final float dropout;

  /** @param crossNorm null in an encoder; @param cross likewise; @param dropout rate of what each part says */
  public T5Block(RowNorm selfNorm, ProjectedAttention self, RowNorm crossNorm, ProjectedAttention cross,
      RowNorm feedForwardNorm, FeedForward feedForward, float dropout) {
    this.selfNorm = selfNorm;
    this.self = self;
    this.crossNorm = crossNorm;
    this.cross = cross;
    this.feedForwardNorm = feedForwardNorm;
    this.feedForward = feedForward;
    this.dropout = dropout;
  }

  /** @param bias float32 [heads, queryTime + keyTime - 1]; @param encoded null in an encoder */
  public void forward(Residual h, Context context, Value bias, EncoderOutput encoded) {
    h.through(stream -> {
      stream.add(Dropout.of(self.forward(selfNorm.forward(stream), context, bias), dropout));
      if (cross != null) stream.add(Dropout.of(cross.forward(crossNorm.forward(stream), encoded), dropout));
      stream.add(Dropout.of(feedForward.forward(feedForwardNorm.forward(stream)), dropout));
      return List.of();
    });
  }

  /** What this block's cross-attention holds queries against. @param encoded stored [rows, width] */
  public EncoderOutput.KeysAndValues keysAndValues(Value encoded) {
    return cross.keysAndValues(encoded);
  }
}
