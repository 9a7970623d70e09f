package dev.kindling.train.nn;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Buckets as {@code T5Attention._relative_position_bucket} of transformers 5.18.0 gives them. */
class RelativePositionsTest {
  /** @param begins relative position and bucket from there on, up to the next */
  private static void check(int buckets, int maxDistance, boolean bidirectional, int... begins) {
    int piece = 0;
    for (int relative = -140; relative <= 140; relative++) {
      if (piece + 2 < begins.length && relative == begins[piece + 2]) piece += 2;
      assertThat(RelativePositions.bucket(relative, buckets, maxDistance, bidirectional)).as("bucket of %d", relative)
          .isEqualTo(begins[piece + 1]);
    }
  }

  @Test
  void anEncoderHasBucketsForBothDirections() {
    check(32, 128, true, -140, 15, -90, 14, -63, 13, -45, 12, -31, 11, -22, 10, -15, 9, -11, 8, -7, 7, -6, 6, -5, 5, -4,
        4, -3, 3, -2, 2, -1, 1, 0, 0, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 12, 25, 16, 26, 23, 27,
        32, 28, 46, 29, 64, 30, 91, 31);
    check(8, 20, true, -140, 3, -6, 2, -1, 1, 0, 0, 1, 5, 2, 6, 7, 7);
  }

  @Test
  void aDecoderHasBucketsForThePastAlone() {
    check(32, 128, false, -140, 31, -112, 30, -98, 29, -86, 28, -76, 27, -66, 26, -58, 25, -51, 24, -45, 23, -39, 22,
        -34, 21, -30, 20, -26, 19, -23, 18, -20, 17, -18, 16, -15, 15, -14, 14, -13, 13, -12, 12, -11, 11, -10, 10, -9,
        9, -8, 8, -7, 7, -6, 6, -5, 5, -4, 4, -3, 3, -2, 2, -1, 1, 0, 0);
    check(8, 20, false, -140, 7, -13, 6, -8, 5, -5, 4, -3, 3, -2, 2, -1, 1, 0, 0);
  }
}
