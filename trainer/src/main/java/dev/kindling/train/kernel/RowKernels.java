package dev.kindling.train.kernel;

/**
 * Arithmetic on one row (or a piece of one) that was copied to the heap, where it stays in the first-level cache. Plain arrays
 * are what the Vector API reads in the same way, and fast, on every JDK from 17 on. Implementations: {@link ScalarRowKernels}
 * and its vector twin.
 *
 * <p>All arrays are longer than {@code n} by at least {@link #SLACK} elements, and what lies past {@code n} may be read and
 * spoilt. Sums have one fixed order for a given {@code n}. Arrays are distinct unless it says so.
 */
interface RowKernels {
  /** Elements past {@code n} that every array must have. */
  int SLACK = 64;

  /** What a run reports, such as {@code Vector API 512 bit}. */
  String describe();

  /** y = x, from bf16. */
  void widen(short[] x, float[] y, int n);

  /** y = x, rounded to the nearest bf16, ties to even. */
  void narrow(float[] x, short[] y, int n);

  /** The lower half of pairs[at + i] = x[i], rounded as {@link #narrow} does, and its upper half = 0, likewise where others lie past n. */
  void narrowLower(float[] x, int[] pairs, int at, int n);

  /** The upper half of pairs[at + i] = x[i], where it was 0; what lies past n in pairs stays. */
  void narrowUpper(float[] x, int[] pairs, int at, int n);

  /** y += x. */
  void add(float[] x, float[] y, int n);

  /** y += x, from bf16. */
  void addWidened(short[] x, float[] y, int n);

  /** x *= by. */
  void multiply(float[] by, float[] x, int n);

  /** x *= factor. */
  void scale(float[] x, float factor, int n);

  /** x *= factor in bf16, with the bits of {@link #widen}, {@link #scale} and {@link #narrow}. */
  void scaleHalves(short[] x, float factor, int n);

  /** y += factor x. */
  void addScaled(float[] x, float factor, float[] y, int n);

  float sum(float[] x, int n);

  float max(float[] x, int n);

  /** The sum of x y; the two may be one. */
  float dot(float[] x, float[] y, int n);

  /** The sum of (x - mean)². */
  float squaredDistance(float[] x, float mean, int n);

  /** y = (x - mean) · rstd · scale + shift. */
  void normalize(float[] x, float mean, float rstd, float[] scale, float[] shift, float[] y, int n);

  /**
   * The way back of {@link #normalize} where mean and rstd are x's own: with h = (x - mean) rstd and e = dy · scale,
   * dScale += dy h; dShift += dy; dx = rstd (e - [mean(e) where centered] - h mean(e h)). x and dy are spoilt.
   */
  void normGradient(float[] dy, float[] x, boolean centered, float mean, float rstd, float[] scale, float[] dScale,
      float[] dShift, float[] dx, int n);

  /** y = a(x). */
  void activate(Activation a, float[] x, float[] y, int n);

  /** value = a(x), then x = a'(x). */
  void activateWithSlope(Activation a, float[] x, float[] value, float[] temporary, int n);

  /**
   * Rotates each pair (x[at + i], x[at + half + i]), i < half, by an angle of its own:
   * (a, b) → (a cos[i] - b sin[i], b cos[i] + a sin[i]).
   */
  void rotate(float[] x, int at, float[] cos, float[] sin, int half);

  /** x[i] *= factor where {@link KeepMask#keeps} says so of i, else 0. */
  void mask(float[] x, long bits, int threshold, float factor, int n);

  /** x = exp(factor · x - minus). */
  void exp(float[] x, float factor, float minus, int n);

  /** The same. @return the sum */
  default float expAndSum(float[] x, float factor, float minus, int n) {
    exp(x, factor, minus, n);
    return sum(x, n);
  }

  /** dp = factor · p (dp - inner): the way back of a softmax, where inner is the sum of p dp. */
  void softmaxGradient(float[] p, float[] dp, float inner, float factor, int n);

  /**
   * One step of AdamW on the first of n parameters outside the heap, in place, with the bits of {@link #adamw}.
   *
   * @return how many from the first on were done, whole vectors or none; the others are left to {@link #adamw}
   */
  default int adamwInPlace(long w, long g, long m, long v, AdamWStep step, int n) {
    return 0;
  }

  /** One step of AdamW on n parameters. */
  void adamw(float[] w, float[] g, float[] m, float[] v, AdamWStep step, int n);

  /**
   * The numbers of one step of AdamW: g' = gradientScale g; m = beta1 m + (1-beta1) g'; v = beta2 v + (1-beta2) g'²;
   * w = keep w - rate m / (√v · rootCorrection + epsilon).
   *
   * @param keep 1 - learning rate · decay
   * @param rate learning rate / (1 - β1ᵗ)
   * @param rootCorrection 1 / √(1 - β2ᵗ)
   */
  record AdamWStep(float gradientScale, float beta1, float beta2, float keep, float rate, float rootCorrection,
      float epsilon) {
    static AdamWStep of(double gradientScale, double rate, double beta1, double beta2, double epsilon, double decay,
        long step) {
      return new AdamWStep((float) gradientScale, (float) beta1, (float) beta2, (float) (1 - rate * decay),
          (float) (rate / (1 - Math.pow(beta1, step))), (float) (1 / Math.sqrt(1 - Math.pow(beta2, step))),
          (float) epsilon);
    }
  }
}
