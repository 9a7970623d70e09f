package dev.kindling.train.nn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Precision;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class AlibiTest {
  /** Press et al. 2022, section 3: 1/2 to 1/256 for 8 heads; BLOOM has 2^-0.5, 2^-1.5, .. for those past a power of two. */
  @Test
  void slopesAreThePapers() {
    assertThat(Alibi.slopes(8)).containsExactly(0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.00390625);
    assertThat(Alibi.slopes(6)).containsExactly(
        new double[]{0.25, 0.0625, 0.015625, 0.00390625, Math.pow(2, -1), Math.pow(2, -3)}, Offset.offset(1e-15));
    assertThat(Alibi.slopes(1)).containsExactly(0.00390625);
  }

  @Test
  void aKeyLosesWithItsDistanceAlsoBehindACache() {
    try (Kernels kernels = PlainKernels.of(1);
        Tape tape = new Tape(kernels, Precision.FLOAT32);
        KeyValueCache cache = new KeyValueCache(1, 5, 8, DType.FLOAT32)) {
      tape.reset(false);
      float[] whole = Alibi.bias(tape, WholeSequences.causal(tape, 1, 3, null), 1).data().toFloats();
      assertThat(whole).containsExactly(-2 / 256f, -1 / 256f, 0, 1 / 256f, 2 / 256f);
      cache.advance(2);
      float[] next = Alibi.bias(tape, cache.next(tape, 2), 1).data().toFloats();
      // of 4 keys the first of 2 queries is position 2: score [t, s] reads column s - t + 1
      assertThat(next).containsExactly(-3 / 256f, -2 / 256f, -1 / 256f, 0, 1 / 256f);
    }
  }
}
