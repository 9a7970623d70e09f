package dev.kindling.checkpoint;

import static dev.kindling.checkpoint.UserError.require;

/**
 * Rotary positions (Su et al. 2021, arXiv:2104.09864): pairs of a head's dimensions are turned by angles that grow with
 * the position.
 *
 * @param theta base of the wavelengths
 * @param share of a head's dimensions that are turned, the first ones: 1 is all
 * @param positions {@code max_position_embeddings}; @param scaling for longer texts
 */
public record Rope(double theta, double share, int positions, RopeScaling scaling) {
  public Rope {
    require(theta > 0 && theta < Double.POSITIVE_INFINITY, "rope_theta", theta, "a number above 0");
    require(share > 0 && share <= 1, "partial_rotary_factor", share, "above 0 and at most 1");
    require(positions > 0, "max_position_embeddings", positions, "a whole number above 0");
  }

  /** Base 10000, all dimensions. */
  public static Rope of(int positions) {
    return new Rope(10_000, 1, positions, new RopeScaling.None());
  }

  /** How many of a head's dimensions are turned. */
  public int dimensions(int headWidth) {
    return (int) (headWidth * share);
  }

  /** The most tokens of a sequence. */
  public int reach() {
    double longest = positions;
    if (scaling instanceof RopeScaling.Linear linear) longest = positions * linear.factor();
    if (scaling instanceof RopeScaling.Dynamic dynamic) longest = positions * dynamic.factor();
    if (scaling instanceof RopeScaling.Yarn yarn) longest = Math.max(positions, yarn.length() * yarn.factor());
    if (scaling instanceof RopeScaling.Llama3 llama) longest = Math.max(positions, llama.length() * llama.factor());
    return (int) Math.min(longest, Integer.MAX_VALUE);
  }

  /** Refuses what cannot turn heads of that width. */
  void requireFor(int headWidth) {
    int turned = dimensions(headWidth);
    require(turned >= 2 && turned % 2 == 0, "partial_rotary_factor", share,
        "a share that makes an even number of a head's " + headWidth + " dimensions, not " + turned);
    require(!(scaling instanceof RopeScaling.Dynamic) || turned > 2, "head_dim", headWidth,
        "above 2 with dynamic rope_scaling");
    if (scaling instanceof RopeScaling.LongRope longRope) {
      require(longRope.shorter().size() == turned / 2, "rope_scaling.short_factor",
          longRope.shorter().size() + " numbers",
          turned / 2 + ", half the turned dimensions");
      require(longRope.longer().size() == turned / 2, "rope_scaling.long_factor", longRope.longer().size() + " numbers",
          turned / 2 + ", half the turned dimensions");
    }
  }
}
