package dev.kindling.checkpoint;

/**
 * Conversions between float32 and the two 16-bit types, rounding to nearest, ties to even. (JDK 17 has none: its
 * {@code Float.floatToFloat16} came with JDK 20.)
 */
public final class HalfFloat {
  private HalfFloat() {
  }

  /** IEEE 754 binary16 to float32: exact, NaN payloads keep their bits. */
  public static float fromFloat16(short bits) {
    int sign = (bits & 0x8000) << 16, exponent = (bits >> 10) & 0x1f, fraction = bits & 0x3ff;
    if (exponent == 0x1f) return Float.intBitsToFloat(sign | 0x7f800000 | fraction << 13);
    if (exponent != 0) return Float.intBitsToFloat(sign | (exponent + 112) << 23 | fraction << 13);
    float subnormal = fraction * 0x1p-24f;
    return sign == 0 ? subnormal : -subnormal;
  }

  /** float32 to IEEE 754 binary16; what is 65520 or more becomes infinite, NaN stays NaN. */
  public static short toFloat16(float value) {
    int bits = Float.floatToRawIntBits(value), sign = bits >>> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return (short) (sign | 0x7e00 | magnitude >> 13 & 0x3ff);
    if (magnitude >= 0x477ff000) return (short) (sign | 0x7c00);                         // >= 65520
    if (magnitude < 0x38800000) {                                                        // subnormal: < 2^-14
      // Adding 2^-1 · 1 aligns the last kept bit, 2^-24, with float32's last bit: the hardware rounds.
      float aligned = Float.intBitsToFloat(magnitude) + 0.5f;
      return (short) (sign | Float.floatToRawIntBits(aligned) - 0x3f000000);
    }
    int rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
    return (short) (sign | (rounded - 0x38000000) >> 13);
  }

  /** bfloat16 to float32: exact. */
  public static float fromBfloat16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** float32 to bfloat16; NaN stays NaN. */
  public static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if ((bits & 0x7fffffff) > 0x7f800000) return (short) (bits >>> 16 | 0x40);
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }
}
