package dev.kindling.train.nn;

import dev.kindling.checkpoint.Rope;
import dev.kindling.checkpoint.RopeScaling;
import dev.kindling.train.autodiff.Rotate;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;

/**
 * Cosines and sines of the angles by which rotary positions turn a head (Su et al. 2021, arXiv:2104.09864, eq. 34):
 *
 * <pre>
 *   cos, sin [positions, dimensions / 2]     angle(p, i) = p · f(i)     f(i) = theta^(-2i / dimensions), scaled
 * </pre>
 *
 * Frequencies and angles are rounded to float32 as in the programs that such models were trained with: at position 100,000
 * that is seen. Some scalings have other frequencies for longer sequences: {@link #lengthen} says how long they are.
 */
public final class RotaryTable implements AutoCloseable {
  private static final int FIRST_POSITIONS = 256;
  private final Rope rope;
  private final int dimensions;
  private Memory memory;
  private long positions;
  private long variant = -1;

  /** @param headWidth of the heads that are turned, in part or whole */
  public RotaryTable(Rope rope, int headWidth) {
    this.rope = rope;
    dimensions = rope.dimensions(headWidth);
  }

  /** How many of a head's dimensions are turned, the first ones. */
  public int dimensions() {
    return dimensions;
  }

  /** [positions, dimensions / 2] each, float32; until the next {@link #lengthen}. */
  public Rotate.Tables tables() {
    return new Rotate.Tables(cosines(), sines());
  }

  private Tensor cosines() {
    return Tensor.at(memory.address(), DType.FLOAT32, positions, dimensions / 2);
  }

  private Tensor sines() {
    return Tensor.at(memory.address() + positions * (dimensions / 2) * Float.BYTES, DType.FLOAT32, positions,
        dimensions / 2);
  }

  /** Which frequencies sequences of that length have: the same number, the same frequencies. */
  public long variant(long length) {
    if (rope.scaling() instanceof RopeScaling.Dynamic) return length > rope.positions() ? length : 0;
    if (rope.scaling() instanceof RopeScaling.LongRope longRope) return length > longRope.length() ? 1 : 0;
    return 0;
  }

  /** Makes the tables right for sequences of {@code length} tokens. */
  public void lengthen(long length) {
    if (length <= positions && variant(length) == variant) return;
    if (length > positions) {
      if (memory != null) memory.close();
      positions = Math.max(FIRST_POSITIONS, Math.max(length, Math.min(2 * positions, rope.reach())));
      memory = Memory.allocate(positions * dimensions * Float.BYTES);
    }
    variant = variant(length);
    fill(frequencies(length));
  }

  private void fill(float[] frequencies) {
    double temperature = temperature();
    int half = frequencies.length;
    float[] row = new float[half];
    Tensor cosines = cosines();
    Tensor sines = sines();
    for (long p = 0; p < positions; p++) {
      for (int i = 0; i < half; i++) row[i] = (float) (StrictMath.cos((float) p * frequencies[i]) * temperature);
      cosines.put(p * half, row, 0, half);
      for (int i = 0; i < half; i++) row[i] = (float) (StrictMath.sin((float) p * frequencies[i]) * temperature);
      sines.put(p * half, row, 0, half);
    }
  }

  private double temperature() {
    if (rope.scaling() instanceof RopeScaling.Yarn yarn) return yarn.temperature();
    return rope.scaling() instanceof RopeScaling.LongRope longRope ? longRope.temperature() : 1;
  }

  private float[] frequencies(long length) {
    float[] f = plain(base(length));
    RopeScaling scaling = rope.scaling();
    for (int i = 0; i < f.length; i++) {
      if (scaling instanceof RopeScaling.Linear linear) f[i] /= (float) linear.factor();
      if (scaling instanceof RopeScaling.Llama3 llama) f[i] = slowed(f[i], llama);
      if (scaling instanceof RopeScaling.LongRope longRope) {
        double factor = (variant(length) == 0 ? longRope.shorter() : longRope.longer()).get(i);
        f[i] = 1 / ((float) factor * power(rope.theta(), i));
      }
    }
    if (scaling instanceof RopeScaling.Yarn yarn) ramp(f, yarn);
    return f;
  }

  /** The base, which {@code dynamic} raises with the length. */
  private double base(long length) {
    if (!(rope.scaling() instanceof RopeScaling.Dynamic dynamic) || variant(length) == 0) return rope.theta();
    double growth = dynamic.factor() * length / rope.positions() - (dynamic.factor() - 1);
    return rope.theta() * StrictMath.pow(growth, dimensions / (dimensions - 2.0));
  }

  private float[] plain(double base) {
    float[] f = new float[dimensions / 2];
    for (int i = 0; i < f.length; i++) f[i] = 1 / power(base, i);
    return f;
  }

  private float power(double base, int i) {
    return (float) StrictMath.pow(base, 2f * i / dimensions);
  }

  private static float slowed(float f, RopeScaling.Llama3 llama) {
    double wavelength = 2 * Math.PI / f;
    if (wavelength < llama.length() / llama.high()) return f;
    if (wavelength > llama.length() / llama.low()) return f / (float) llama.factor();
    double kept = (llama.length() / wavelength - llama.low()) / (llama.high() - llama.low());
    return (float) ((1 - kept) * f / llama.factor() + kept * f);
  }

  /** Peng et al. 2023, eq. 17-18: between the dimensions that turn {@code fast} and {@code slow} times. */
  private void ramp(float[] f, RopeScaling.Yarn yarn) {
    double low = turning(yarn.fast(), yarn);
    double high = turning(yarn.slow(), yarn);
    if (yarn.whole()) {
      low = Math.floor(low);
      high = Math.ceil(high);
    }
    low = Math.max(low, 0);
    high = Math.min(high, dimensions - 1);
    if (low == high) high += 0.001;
    for (int i = 0; i < f.length; i++) {
      double divided = Math.max(0, Math.min(1, (i - low) / (high - low)));
      f[i] = (float) (f[i] / yarn.factor() * divided + f[i] * (1 - divided));
    }
  }

  /** The dimension, as a real number, that turns so many times over the original length. */
  private double turning(double times, RopeScaling.Yarn yarn) {
    return dimensions * Math.log(yarn.length() / (times * 2 * Math.PI)) / (2 * Math.log(rope.theta()));
  }

  @Override
  public void close() {
    if (memory != null) memory.close();
  }
}
