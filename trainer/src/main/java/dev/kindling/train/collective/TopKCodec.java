package dev.kindling.train.collective;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.tensor.Raw;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Of each block the values of the largest magnitudes, as bf16, with their places; all others count as 0 (Aji and Heafield
 * 2017, arXiv:1704.05021, block by block). Of equal ones the first are taken. Places are a bit for each value of the block, or where
 * that is shorter, numbers.
 *
 * <pre>
 *   block   place 1 bit · count or 2 · kept (ascending), value 2 · kept, padding
 * </pre>
 *
 * @param share of the values that are kept, at least one of a block
 */
public record TopKCodec(double share) implements Codec {
  private static final int MAGNITUDE = 0x7fffffff;

  public TopKCodec {
    require(share > 0 && share <= 1, "gradients.share", share, "above 0 and at most 1, such as 0.25");
  }

  private int kept(int count) {
    return (int) Math.max(1, Math.round(share * count));
  }

  /** Bytes of the places as bits. */
  private static int bits(int count) {
    return (count + 7) / 8;
  }

  private static int places(int count, int kept) {
    return Math.min(bits(count), Short.BYTES * kept);
  }

  @Override
  public boolean feedsBack() {
    return true;
  }

  @Override
  public int bytes(int count) {
    return Codec.whole(places(count, kept(count)) + Short.BYTES * kept(count));
  }

  @Override
  public void encode(float[] values, int count, ByteBuffer to) {
    int kept = kept(count), first = places(count, kept);
    boolean bits = first == bits(count);
    for (int i = 0; bits && i < first; i++) to.put(i, (byte) 0);
    int least = least(values, count, kept);
    int equal = kept - above(values, count, least);
    int at = 0;
    for (int i = 0; i < count; i++) {
      int magnitude = magnitude(values[i]);
      if (magnitude < least || magnitude == least && equal-- <= 0) continue;
      if (bits) to.put(i / 8, (byte) (to.get(i / 8) | 1 << i % 8));
      else to.putShort(Short.BYTES * at, (short) i);
      to.putShort(first + Short.BYTES * at, Raw.toBfloat16(values[i]));
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
    int kept = kept(count), first = places(count, kept);
    Arrays.fill(values, 0, count, 0);
    if (first == bits(count)) decodeBits(from, values, count, kept);
    else decodePlaces(from, values, count, kept);
  }

  private static void decodeBits(ByteBuffer from, float[] values, int count, int kept) {
    int at = 0;
    for (int first = 0; first < count; first += 8) {
      for (int bits = from.get(first / 8) & 0xff; bits != 0; bits &= bits - 1) {
        int place = first + Integer.numberOfTrailingZeros(bits);
        if (at == kept || place >= count) {
          throw new IllegalArgumentException(
              "place " + place + " is one too many in a block of " + kept + " of " + count);
        }
        values[place] = Raw.toFloat(from.getShort(bits(count) + Short.BYTES * at++));
      }
    }
    if (at < kept) throw new IllegalArgumentException(at + " places in a block of " + kept);
  }

  private static void decodePlaces(ByteBuffer from, float[] values, int count, int kept) {
    int before = -1;
    for (int i = 0; i < kept; i++) {
      int place = from.getShort(Short.BYTES * i);
      if (place <= before || place >= count) {
        throw new IllegalArgumentException("place " + place + " after " + before + " in a block of " + count);
      }
      values[place] = Raw.toFloat(from.getShort(Short.BYTES * (kept + i)));
      before = place;
    }
  }
}
