package dev.kindling.data.clean;

/** Mixing of 64-bit hashes; the constants are those of MurmurHash3's finalizer (Appleby, public domain). */
public final class Hashing {
  private static final long STEP = 0x9E3779B97F4A7C15L;

  private Hashing() {
  }

  /** A bijection in which every bit of {@code x} moves half of the bits. */
  public static long mix(long x) {
    long h = (x ^ x >>> 33) * 0xFF51AFD7ED558CCDL;
    h = (h ^ h >>> 33) * 0xC4CEB9FE1A85EC53L;
    return h ^ h >>> 33;
  }

  /** Of a sequence: {@code then(then(0, a), b)} differs from {@code then(then(0, b), a)}. */
  public static long then(long hash, long next) {
    return mix((hash + STEP) * 31 + next);
  }
}
