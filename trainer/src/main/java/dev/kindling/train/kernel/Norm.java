package dev.kindling.train.kernel;

/**
 * How rows are normalized: y = (x - m) / √(v + epsilon) ⊙ (offset + scale) + shift, where
 *
 * <pre>
 *   centered (layer norm; Ba et al. 2016, arXiv:1607.06450, eq. 3-4)            m = mean(x)   v = mean((x - m)²)
 *   not centered (RMS norm; Zhang and Sennrich 2019, arXiv:1910.07467, eq. 4)   m = 0         v = mean(x²)
 * </pre>
 *
 * @param offset 0, or 1 where files hold what the scale differs from 1 by (Gemma)
 */
public record Norm(boolean centered, float epsilon, float offset) {
  public static Norm layer(float epsilon) {
    return new Norm(true, epsilon, 0);
  }

  public static Norm rms(float epsilon) {
    return new Norm(false, epsilon, 0);
  }

  /** RMS norm with the scale 1 + w. */
  public static Norm rmsAroundOne(float epsilon) {
    return new Norm(false, epsilon, 1);
  }
}
