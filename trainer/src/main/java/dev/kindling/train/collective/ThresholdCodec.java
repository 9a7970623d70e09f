package dev.kindling.train.collective;

import static dev.kindling.checkpoint.UserError.require;

import java.nio.ByteBuffer;

/**
 * For each value whether it is above a threshold τ, below -τ or in between, in two bits: m, -m or 0 is what is added at the other end
 * (Strom 2015, "Scalable distributed DNN training using commodity GPU cloud computing"). Strom's τ is a number for a whole run and
 * his m is τ; gradients become smaller and differ from matrix to matrix, so here τ is a multiple of the block's mean magnitude, and m
 * the mean magnitude of those beyond it, which leaves a third less unsent.
 *
 * <pre>
 *   block   m 4, value 2 bits · count (00: 0, 01: m, 10: -m; the first in the lowest bits), padding
 * </pre>
 *
 * @param factor τ / the mean magnitude of a block
 */
public record ThresholdCodec(double factor) implements Codec {
  private static final int NONE = 0, PLUS = 1, MINUS = 2;

  public ThresholdCodec { require(factor > 0, "gradients.threshold", factor, "above 0, such as 0.7"); }

  @Override
  public boolean feedsBack() {
    return true;
  }

  @Override
  public int bytes(int count) {
    return Float.BYTES + Codec.whole((count + 3) / 4);
  }

  @Override
  public void encode(float[] values, int count, ByteBuffer to) {
    double sum = 0;
    for (int i = 0; i < count; i++) sum += Math.abs(values[i]);
    float threshold = (float) (factor * sum / count);
    double beyond = 0;
    int many = 0;
    for (int i = 0; i < count; i += 4) {
      int bits = 0;
      for (int j = i; j < Math.min(count, i + 4); j++) {
        int sign = sign(values[j], threshold);
        bits |= sign << 2 * (j - i);
        if (sign == NONE) continue;
        beyond += Math.abs(values[j]);
        many++;
      }
      to.put(Float.BYTES + i / 4, (byte) bits);
    }
    to.putFloat(0, many == 0 ? threshold : (float) (beyond / many));     // NaN where the threshold is
  }

  private static int sign(float value, float threshold) {
    if (threshold == 0) return NONE;
    return value >= threshold ? PLUS : value <= -threshold ? MINUS : NONE;
  }

  @Override
  public void decode(ByteBuffer from, float[] values, int count) {
    float said = from.getFloat(0);
    float none = Float.isFinite(said) ? 0 : Float.NaN;
    for (int i = 0; i < count; i++) {
      int sign = from.get(Float.BYTES + i / 4) >> 2 * (i % 4) & 3;
      if (sign > MINUS) throw new IllegalArgumentException("value " + i + " of a block is neither above nor below");
      values[i] = none + (sign == PLUS ? said : sign == MINUS ? -said : 0);
    }
  }
}
