package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * When two computations of the same tensor agree: max|a − b| ≤ relative · max|b| + absolute · (largest gradient of the case),
 * with 1e-4 and 1e-6 in float32. The second term is for gradients that are zero in exact arithmetic and noise in floats.
 */
public record Agreement(double relative, double absolute) {
  public static final Agreement FLOAT32 = new Agreement(1e-4, 1e-6);

  public void check(String what, float[] found, float[] expected, double largestGradient) {
    assertThat(found).as(what).hasSameSizeAs(expected);
    double error = 0;
    for (int i = 0; i < found.length; i++) {
      assertThat(found[i]).as("%s[%d]", what, i).isFinite();
      error = Math.max(error, Math.abs((double) found[i] - expected[i]));
    }
    assertThat(error).as("largest error of %s, whose largest value is %s", what, largest(expected))
        .isLessThanOrEqualTo(relative * largest(expected) + absolute * largestGradient);
  }

  public void check(String what, double found, double expected) {
    check(what, new float[]{(float) found}, new float[]{(float) expected}, 0);
  }

  public static double largest(float[] values) {
    double largest = 0;
    for (float v : values) largest = Math.max(largest, Math.abs(v));
    return largest;
  }
}
