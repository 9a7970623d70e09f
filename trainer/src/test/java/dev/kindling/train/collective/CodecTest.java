package dev.kindling.train.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What comes out at the other end is what the papers' formulas give. */
class CodecTest {
  private static final int[] SIZES = {1, 2, 3, 5, 31, 257, 1000, 1023, 1024};

  static Stream<Codec> codecs() {
    return Stream.of(new Bfloat16Codec(), new EightBitCodec(), new ThresholdCodec(0.4), new TopKCodec(0.03),
        new TopKCodec(0.25), new TopKCodec(1));
  }

  static Stream<Arguments> blocks() {
    return codecs().flatMap(c -> Arrays.stream(SIZES).boxed().flatMap(n -> Stream.of(Arguments.of(c, random(n, 1)),
        Arguments.of(c, random(n, 1e-30)), Arguments.of(c, new float[n]), Arguments.of(c, same(n)))));
  }

  private static float[] random(int size, double deviation) {
    Random random = new Random(size);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) values[i] = (float) (deviation * random.nextGaussian());
    return values;
  }

  private static float[] same(int size) {
    float[] values = new float[size];
    for (int i = 0; i < size; i++) values[i] = i % 2 == 0 ? 0.25f : -0.25f;
    return values;
  }

  private static ByteBuffer encoded(Codec codec, float[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(codec.bytes(values.length)).order(ByteOrder.LITTLE_ENDIAN);
    codec.encode(values, values.length, bytes);
    return bytes;
  }

  private static float[] through(Codec codec, float[] values) {
    float[] out = new float[values.length];
    Arrays.fill(out, 77);
    codec.decode(encoded(codec, values), out, out.length);
    return out;
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void aBlockBecomesWhatTheFormulaSays(Codec codec, float[] values) {
    assertThat(through(codec, values)).containsExactly(expected(codec, values));
  }

  /** In double precision where it matters, and without any of the codecs' code. */
  private static float[] expected(Codec codec, float[] x) {
    float[] y = new float[x.length];
    if (codec instanceof Bfloat16Codec) {
      for (int i = 0; i < x.length; i++) y[i] = nearestBfloat16(x[i]);
    } else if (codec instanceof EightBitCodec) {
      double largest = IntStream.range(0, x.length).mapToDouble(i -> Math.abs(x[i])).max().orElse(0);
      float scale = (float) (largest / 127);
      for (int i = 0; i < x.length; i++) y[i] = scale == 0 ? 0 : scale * Math.round(x[i] / scale);
    } else if (codec instanceof ThresholdCodec threshold) {
      double mean = 0;
      for (float value : x) mean += Math.abs(value);
      float t = (float) (threshold.factor() * mean / x.length);
      float[] borders = {t, 3 * t, 6 * t, Float.POSITIVE_INFINITY};
      for (int k = 0; t > 0 && k < 3; k++) {
        float from = borders[k], to = borders[k + 1];
        IntPredicate within = i -> Math.abs(x[i]) >= from && Math.abs(x[i]) < to;
        double of = IntStream.range(0, x.length).filter(within).mapToDouble(i -> Math.abs(x[i])).average().orElse(0);
        IntStream.range(0, x.length).filter(within).forEach(i -> y[i] = Math.copySign((float) of, x[i]));
      }
    } else if (codec instanceof TopKCodec topK) {
      long kept = Math.max(1, Math.round(topK.share() * x.length));
      IntStream.range(0, x.length).boxed().sorted(Comparator.comparingDouble(i -> -Math.abs(x[i]))).limit(kept)
          .forEach(i -> y[i] = nearestBfloat16(x[i]));
    }
    return y;
  }

  private static float nearestBfloat16(float x) {
    float below = Float.intBitsToFloat(Float.floatToIntBits(x) & 0xffff0000);
    float above = Float.intBitsToFloat((Float.floatToIntBits(x) & 0xffff0000) + 0x10000);
    double toBelow = Math.abs((double) x - below), toAbove = Math.abs((double) x - above);
    boolean even = (Float.floatToIntBits(below) >> 16 & 1) == 0;
    return toBelow < toAbove || toBelow == toAbove && even ? below : above;
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void whatIsNoNumberIsNoneAtTheOtherEndEither(Codec codec) {
    for (float bad : new float[]{Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      for (int size : SIZES) {
        float[] values = random(size, 1);
        values[size / 2] = bad;
        float[] out = through(codec, values);
        assertThat(IntStream.range(0, size).anyMatch(i -> !Float.isFinite(out[i]))).as(codec + " of " + bad).isTrue();
      }
    }
  }

  @Test
  void bytesAreAtLeastSoManyTimesFewerThanFloat32() {
    long elements = 124_439_808;
    assertThat(ratio(new Bfloat16Codec(), elements)).isGreaterThanOrEqualTo(1.9);
    for (Codec codec : codecs().filter(Codec::feedsBack).filter(c -> !c.equals(new TopKCodec(1))).toList()) {
      assertThat(ratio(codec, elements)).as(codec.toString()).isGreaterThanOrEqualTo(3.9);
    }
  }

  private static double ratio(Codec codec, long elements) {
    return (double) elements * Float.BYTES / codec.total(elements);
  }

  @Test
  void theBytesOfAVectorAreThoseOfItsBlocks() {
    codecs().forEach(c -> {
      assertThat(c.total(0)).isZero();
      assertThat(c.total(1024)).isEqualTo(c.bytes(1024));
      assertThat(c.total(2049)).isEqualTo(2L * c.bytes(1024) + c.bytes(1));
      for (int size : SIZES) assertThat(c.bytes(size) % 4).isZero();
    });
  }

  @Test
  void bytesThatNoEncoderWritesAreRefused() {
    for (short place : new short[]{-1, 64, 1000, Short.MIN_VALUE}) {
      assertRefused(new TopKCodec(0.04), 64, bytes -> bytes.putShort(2 * Short.BYTES, place));
    }
    assertRefused(new TopKCodec(0.04), 64, bytes -> bytes.putShort(0, bytes.getShort(Short.BYTES)));
    for (int more = 1; more < 32; more *= 2) {
      int other = more;
      assertRefused(new TopKCodec(0.5), 4, bytes -> bytes.put(0, (byte) (bytes.get(0) ^ other)));
    }
    assertRefused(new ThresholdCodec(1), 4, bytes -> bytes.put(12, (byte) 4));
  }

  private static void assertRefused(Codec codec, int size, Consumer<ByteBuffer> change) {
    ByteBuffer bytes = encoded(codec, random(size, 1));
    codec.decode(bytes, new float[size], size);
    change.accept(bytes);
    assertThatThrownBy(() -> codec.decode(bytes, new float[size], size)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @MethodSource("codecs")
  void anyBytesAreDecodedOrRefused(Codec codec) {
    Random random = new Random(7);
    for (int round = 0; round < 2_000; round++) {
      int size = 1 + random.nextInt(Codec.BLOCK);
      byte[] bytes = new byte[codec.bytes(size)];
      random.nextBytes(bytes);
      try {
        codec.decode(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), new float[size], size);
      } catch (IllegalArgumentException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
    }
  }
}
