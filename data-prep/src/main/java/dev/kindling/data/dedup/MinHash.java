package dev.kindling.data.dedup;

import dev.kindling.data.clean.Hashing;
import java.io.Serializable;
import java.util.Arrays;

/**
 * The buckets of a set of shingles: for every band a hash of the band's rows, each the smallest value that one of the hash functions
 * gives to a shingle (Broder 1997). The functions are the upper halves of a x + b in 64 bits with odd a (Dietzfelbinger 1996) on
 * shingles that are well mixed already; they are the same in every run.
 */
public final class MinHash implements Serializable {
  private static final long serialVersionUID = 1L;

  private final int bands;
  private final int rows;
  private final long[] factor;
  private final long[] summand;

  public MinHash(int bands, int rows) {
    this.bands = bands;
    this.rows = rows;
    factor = new long[bands * rows];
    summand = new long[bands * rows];
    for (int i = 0; i < factor.length; i++) {
      factor[i] = Hashing.mix(2L * i + 1) | 1;
      summand[i] = Hashing.mix(2L * i + 2);
    }
  }

  /** @param shingles at least one; @return a key for each band; keys of different bands differ */
  public long[] buckets(long[] shingles) {
    int[] smallest = signature(shingles);
    long[] keys = new long[bands];
    for (int band = 0; band < bands; band++) {
      long key = band;
      for (int row = 0; row < rows; row++) key = Hashing.then(key, smallest[band * rows + row]);
      keys[band] = key;
    }
    return keys;
  }

  /** @return the smallest value of each function; two sets agree in one with the probability of their similarity */
  int[] signature(long[] shingles) {
    int[] smallest = new int[factor.length];
    Arrays.fill(smallest, Integer.MAX_VALUE);
    for (long shingle : shingles) {
      for (int i = 0; i < smallest.length; i++)
        smallest[i] = Math.min(smallest[i], (int) (factor[i] * shingle + summand[i] >>> 32));
    }
    return smallest;
  }
}
