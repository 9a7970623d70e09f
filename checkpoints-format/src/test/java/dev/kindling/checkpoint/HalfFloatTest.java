package dev.kindling.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HalfFloatTest {
  /** From IEEE 754-2019, table 3.5, and the worked examples of Wikipedia's "Half-precision floating-point format". */
  @ParameterizedTest
  @CsvSource({"0,0", "-0.0,8000", "1,3c00", "-2,c000", "65504,7bff", "6.103515625e-5,0400", "6.097555160522461e-5,03ff",
      "5.960464477539063e-8,0001", "0.333251953125,3555", "Infinity,7c00", "-Infinity,fc00", "1.0009765625,3c01"})
  void float16ValuesHaveTheirKnownBits(float value, String bits) {
    short half = (short) Integer.parseInt(bits, 16);
    assertThat(HalfFloat.toFloat16(value)).isEqualTo(half);
    assertThat(HalfFloat.fromFloat16(half)).isEqualTo(value);
  }

  @ParameterizedTest
  @CsvSource({"1.00048828125,3c00", "1.00146484375,3c02", "65519.996,7bff", "65520,7c00", "1e9,7c00",
      "2.9802322387695312e-8,0000", "2.98023259404089e-8,0001", "8.940696716308594e-8,0002", "-1e-12,8000",
      "0.33333334,3555"})
  void float16RoundsToNearestAndTiesToEven(float value, String bits) {
    assertThat(HalfFloat.toFloat16(value)).isEqualTo((short) Integer.parseInt(bits, 16));
  }

  @ParameterizedTest
  @CsvSource({"1,3f80", "-0.0,8000", "0.94140625,3f71", "3.140625,4049", "Infinity,7f80", "9.183549615799121e-41,0001"})
  void bfloat16ValuesHaveTheirKnownBits(float value, String bits) {
    short b = (short) Integer.parseInt(bits, 16);
    assertThat(HalfFloat.toBfloat16(value)).isEqualTo(b);
    assertThat(HalfFloat.fromBfloat16(b)).isEqualTo(value);
  }

  @ParameterizedTest
  @CsvSource({"0.94,3f71", "1.00390625,3f80", "1.01171875,3f82", "3.4028235e38,7f80", "3.14159265,4049"})
  void bfloat16RoundsToNearestAndTiesToEven(float value, String bits) {
    assertThat(HalfFloat.toBfloat16(value)).isEqualTo((short) Integer.parseInt(bits, 16));
  }

  @Test
  void all16BitPatternsSurviveTheWayThroughFloat32() {
    for (int i = 0; i < 1 << 16; i++) {
      short bits = (short) i;
      float half = HalfFloat.fromFloat16(bits), brain = HalfFloat.fromBfloat16(bits);
      if (Float.isNaN(half)) assertThat(HalfFloat.fromFloat16(HalfFloat.toFloat16(half))).isNaN();
      else assertThat(HalfFloat.toFloat16(half)).isEqualTo(bits);
      if (Float.isNaN(brain)) assertThat(HalfFloat.fromBfloat16(HalfFloat.toBfloat16(brain))).isNaN();
      else assertThat(HalfFloat.toBfloat16(brain)).isEqualTo(bits);
    }
  }

  /** The definition, in exact arithmetic: no other representable value is nearer; at a tie the even one is taken. */
  @Property(tries = 2000)
  void noOtherFloat16IsNearer(@ForAll int bits) {
    float value = Float.intBitsToFloat((bits & 0x80000000) | (0x30000000 + (bits >>> 1 & 0x3fffffff) % 0x17800000));
    if (!(Math.abs(value) < 65504)) return;
    short half = HalfFloat.toFloat16(value);
    BigDecimal error = distance(value, half);
    for (int neighbour : new int[]{half - 1, half + 1}) {
      if (((neighbour ^ half) & 0x8000) != 0 || (neighbour & 0x7fff) > 0x7bff) continue;
      int nearer = distance(value, (short) neighbour).compareTo(error);
      assertThat(nearer).isNotNegative();
      if (nearer == 0) assertThat(half & 1).isZero();
    }
  }

  private static BigDecimal distance(float value, short half) {
    return new BigDecimal(value).subtract(new BigDecimal(HalfFloat.fromFloat16(half))).abs();
  }
}
