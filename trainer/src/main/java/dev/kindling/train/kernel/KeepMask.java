package dev.kindling.train.kernel;

import dev.kindling.train.tensor.CounterRandom;

/**
 * Which elements dropout keeps, as a pure function of a random stream and the element's number e. With i = e mod
 * {@value Blocks#PIECE}: the stream's 64 bits number e / {@value Blocks#PIECE} give (salt, start); h = fmix(start + i ·
 * 2³²/φ) ^ salt is uniform, where fmix is MurmurHash3's finalizer (Appleby 2011: a bijection); kept where h's upper 24 bits are
 * at least rate · 2²⁴.
 */
final class KeepMask {
  static final int STEP = 0x9e3779b9;
  static final int FIRST = 0x85ebca6b;
  static final int SECOND = 0xc2b2ae35;

  private KeepMask() {
  }

  /** What the upper 24 bits must reach. */
  static int threshold(float rate) {
    return Math.round(rate * 0x1p24f);
  }

  /** What a kept element is multiplied with, so that the mean stays. */
  static float factor(float rate) {
    return (float) (1 / (1 - threshold(rate) * 0x1p-24));
  }

  static long bits(CounterRandom random, long element) {
    return random.bits(element / Blocks.PIECE);
  }

  /** Of bits those whose first element is their element number {@code i}. */
  static long from(long bits, int i) {
    return bits & 0xffff_ffff_0000_0000L | ((int) bits + i * STEP) & 0xffff_ffffL;
  }

  /** @param bits of the piece; @param i in the piece */
  static boolean keeps(long bits, int i, int threshold) {
    int h = (int) bits + i * STEP;
    h = (h ^ h >>> 16) * FIRST;
    h = (h ^ h >>> 13) * SECOND;
    h = h ^ h >>> 16 ^ (int) (bits >>> 32);
    return h >>> 8 >= threshold;
  }
}
