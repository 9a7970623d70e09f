package dev.kindling.train.collective;

import static dev.kindling.checkpoint.UserError.require;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Of each block the values of the largest magnitudes, as they are, with their places; all others count as 0 (Aji and Heafield
 * 2017, arXiv:1704.05021, block by block). Of equal ones the first are taken.
 *
 * <pre>
 *   block   value 4 · kept, place 2 · kept (ascending), padding
 * </pre>
 *
 * @param share of the values that are kept, at least one of a block
 */
public record TopKCodec(double share) implements Codec {
  private static final int MAGNITUDE = 0x7fffffff;

  public TopKCodec { require(share > 0 && share <= 1, "gradients.share", share, "above 0 and at most 1, such as 0.1"); }

  private int kept(int count) {
    return (int) Math.max(1, Math.round(share * count));
  }

  @Override
  public boolean feedsBack() {
    return true;
  }

  @Override
  public int bytes(int count) {
    return kept(count) * Float.BYTES + Codec.whole(kept(count) * Short.BYTES);
  }

  @Override
  public void encode(float[] values, int count, ByteBuffer to) {
    int kept = kept(count);
    int least = least(values, count, kept);
    int equal = kept - above(values, count, least);
    int at = 0;
    for (int i = 0; i < count; i++) {
      int magnitude = magnitude(values[i]);
      if (magnitude < least || magnitude == least && equal-- <= 0) continue;
      to.putFloat(Float.BYTES * at, values[i]);
      to.putShort(Float.BYTES * kept + Short.BYTES * at, (short) i);
      at++;
    }
  }

  /** The largest magnitude that at least {@code kept} values reach, found bit by bit. */
  private static int least(float[] values, int count, int kept) {
    int least = 0;
    for (int bit = 1 << 30; bit > 0; bit >>= 1) { if (above(values, count, (least | bit) - 1) >= kept) least |= bit; }
    return least;
  }

  private static int above(float[] values, int count, int than) {
    int above = 0;
    for (int i = 0; i < count; i++) if (magnitude(values[i]) > than) above++;
    return above;
  }

  /** Ordered as magnitudes are; infinite above all numbers, and what is no number above that. */
  private static int magnitude(float value) {
    return Float.floatToRawIntBits(value) & MAGNITUDE;
  }

  @Override
  public void decode(ByteBuffer from, float[] values, int count) {
    int kept = kept(count);
    Arrays.fill(values, 0, count, 0);
    int before = -1;
    for (int i = 0; i < kept; i++) {
      int place = from.getShort(Float.BYTES * kept + Short.BYTES * i);
      if (place <= before || place >= count) {
        throw new IllegalArgumentException("place " + place + " after " + before + " in a block of " + count);
      }
      values[place] = from.getFloat(Float.BYTES * i);
      before = place;
    }
  }
}
