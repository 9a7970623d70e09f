package dev.kindling.train.collective;

import java.nio.ByteBuffer;

/**
 * A whole number from -127 to 127 for each value, and the block's scale, its largest magnitude / 127, as float32 (the blockwise
 * form of Dettmers 2015, arXiv:1511.04561).
 *
 * <pre>
 *   block   scale 4, value 1 · count, padding
 * </pre>
 */
public record EightBitCodec() implements Codec {
  private static final int LARGEST = 127;

  @Override
  public boolean feedsBack() {
    return true;
  }

  @Override
  public int bytes(int count) {
    return Float.BYTES + Codec.whole(count);
  }

  @Override
  public void encode(float[] values, int count, ByteBuffer to) {
    float largest = 0;
    for (int i = 0; i < count; i++) largest = Math.max(largest, Math.abs(values[i]));    // NaN stays
    float scale = largest / LARGEST;
    to.putFloat(0, scale);
    for (int i = 0; i < count; i++) {
      int nearest = scale == 0 ? 0 : Math.round(values[i] / scale);
      to.put(Float.BYTES + i, (byte) Math.max(-LARGEST, Math.min(LARGEST, nearest)));
    }
  }

  @Override
  public void decode(ByteBuffer from, float[] values, int count) {
    float scale = from.getFloat(0);
    for (int i = 0; i < count; i++) {
      // what the largest was infinite of, was divided by it: 0 · ∞ is no number
      values[i] = from.get(Float.BYTES + i) * scale;
    }
  }
}
