package dev.kindling.train.tensor;

/**
 * Random numbers as a pure function of (seed, stream, index): no state, so the same for any order, any number of
 * threads and any JDK. The bits are SplitMix64's output function (Steele, Lea and Flood 2014, figure 17, with
 * Stafford's constants) over a counter, as in Salmon et al. 2011.
 */
public final class CounterRandom {
  private static final long GAMMA = 0x9e3779b97f4a7c15L;   // odd, 2⁶⁴ / golden ratio: SplitMix64's step
  private final long key;

  private CounterRandom(long key) {
    this.key = key;
  }

  /** @param stream what the numbers are for, such as a weight's name */
  public static CounterRandom of(long seed, String stream) {
    long key = mix(seed + GAMMA);
    for (int i = 0; i < stream.length(); i++) key = mix(key + GAMMA * (stream.charAt(i) + 1));
    return new CounterRandom(key);
  }

  /** Another stream, one for each index. */
  public CounterRandom child(long index) {
    return new CounterRandom(bits(index));
  }

  /** 64 random bits. */
  public long bits(long index) {
    return mix(mix(key + GAMMA * (index + 1)) ^ key);
  }

  /** Uniform in [0, 1), 53 bits. */
  public double uniform(long index) {
    return (bits(index) >>> 11) * 0x1p-53;
  }

  /** Standard normal values 2 · pair and 2 · pair + 1, written to {@code into} (Box and Muller 1958). */
  public void normals(long pair, double[] into) {
    double radius = StrictMath.sqrt(-2 * StrictMath.log(1 - uniform(2 * pair)));
    double angle = 2 * Math.PI * uniform(2 * pair + 1);
    into[0] = radius * StrictMath.cos(angle);
    into[1] = radius * StrictMath.sin(angle);
  }

  private static long mix(long z) {
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }
}
