package dev.kindling.train.nn;

/**
 * Positions as sines and cosines of wavelengths from 2π to 10000 · 2π (Vaswani et al. 2017, section 3.5):
 *
 * <pre>
 *   table[p, 2i] = sin(p / 10000^(2i / width))      table[p, 2i + 1] = cos(p / 10000^(2i / width))
 * </pre>
 */
public final class Sinusoids {
  private Sinusoids() {
  }

  /** @return [positions · width] */
  public static float[] table(int positions, int width) {
    float[] table = new float[Math.multiplyExact(positions, width)];
    for (int at = 0; at < table.length; at++) {
      int column = at % width;
      double angle = at / width / StrictMath.pow(10_000, (column - column % 2) / (double) width);
      table[at] = (float) (column % 2 == 0 ? StrictMath.sin(angle) : StrictMath.cos(angle));
    }
    return table;
  }
}
