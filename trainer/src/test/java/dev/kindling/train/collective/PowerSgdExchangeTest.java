package dev.kindling.train.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

/** Matrices of gradients as products of thin ones. */
class PowerSgdExchangeTest {
  private static final int RANKS = 2;
  private static final int ROWS = 60, COLUMNS = 50;
  private static final ParameterLayout LAYOUT = ParameterLayout.builder()
      .add("matrix", Parameter.Role.HIDDEN_MATRIX, ROWS, COLUMNS).add("bias", Parameter.Role.VECTOR, 5).build();

  /** Gradients of a rank in one step, flat. */
  private interface Given {
    float[] of(int step, int rank);
  }

  /** The sums that owners get, by step, and the bytes that a rank sends in one. */
  private record Found(float[][] sums, long[] sent) {}

  private static Found run(int rankOfFactors, int steps, IntFunction<Kernels> kernelsOf, Given given) {
    int size = (int) LAYOUT.size();
    float[][] sums = new float[steps][size];
    long[] sent = new long[RANKS];
    List<InProcess> ranks = InProcess.ranks(RANKS, RANKS);
    VirtualRankTree tree = new VirtualRankTree(RANKS);
    Shards shards = new Shards(new long[]{0, 1000, size});       // a border within a row
    Ranks.run(RANKS, rank -> {
      try (Kernels kernels = kernelsOf.apply(rank);
          Memory memory = Memory.allocate(size * (long) Float.BYTES);
          GradientExchange exchange = new Gradients.PowerSgd(rankOfFactors).create(ranks.get(rank), shards, LAYOUT,
              kernels)) {
        Tensor own = Tensor.at(memory.address(), DType.FLOAT32, size);
        for (int step = 0; step < steps; step++) {
          own.put(0, given.of(step, rank), 0, size);
          try (Communicator.Reduction reduction = exchange
              .reduce(List.of(new Contribution(tree.range(rank, RANKS), own)), own)) {
            reduction.finish();
          }
          int from = (int) shards.from(rank), count = (int) shards.size(rank);
          System.arraycopy(own.toFloats(), from, sums[step], from, count);
        }
        sent[rank] = exchange.sent() / steps;
      }
    });
    return new Found(sums, sent);
  }

  /** Σ over k of factors[k] · u_k v_kᵀ, and a bias. */
  private static float[] ofRank(double... factors) {
    float[] flat = new float[(int) LAYOUT.size()];
    Random random = new Random(7);
    for (double factor : factors) {
      double[] u = random.doubles(ROWS, -1, 1).toArray(), v = random.doubles(COLUMNS, -1, 1).toArray();
      for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLUMNS; j++) flat[i * COLUMNS + j] += (float) (factor * u[i] * v[j]);
      }
    }
    Parameter bias = LAYOUT.parameter("bias");
    for (int i = 0; i < bias.size(); i++) flat[(int) bias.offset() + i] = i + 1;
    return flat;
  }

  @Test
  void aSumOfTheFactorsRankGoesAsWellAsEightBitsCanSayIt() {
    // each rank's gradients have rank 1 and 2, their sum 3
    float[][] given = {ofRank(2, 0, 0), ofRank(0, 1, -3)};
    int steps = 20;
    Found found = run(3, steps, rank -> PlainKernels.of(1), (step, rank) -> given[rank]);
    double lost = 0, lostOverSteps = 0, all = 0;
    for (int i = 0; i < given[0].length; i++) {
      double sum = given[0][i] + given[1][i], came = 0;
      for (int step = 0; step < steps; step++) came += found.sums[step][i] / steps;
      all += sum * sum;
      lost += (found.sums[0][i] - sum) * (found.sums[0][i] - sum);
      lostOverSteps += (came - sum) * (came - sum);
    }
    assertThat(Math.sqrt(lost / all)).isLessThan(0.1);
    assertThat(Math.sqrt(lostOverSteps / all)).as("what was rounded off goes later").isLessThan(0.01);
  }

  @Test
  void whatDoesNotGoAtOnceGoesLaterAndTheOtherLibrariesAgree() {
    // rank 4 through factors of rank 1: over many steps the mean of what came is what was given
    int steps = 200;
    float[] given = ofRank(4, 3, 2, 1);
    Found plain = run(1, steps, rank -> PlainKernels.of(1 + rank), (step, rank) -> given);
    Found best = run(1, steps, rank -> KernelLibraries.best(1), (step, rank) -> given);
    for (int i = 0; i < given.length; i++) {
      double came = 0, alike = 0;
      for (int step = 0; step < steps; step++) {
        came += plain.sums[step][i];
        alike += best.sums[step][i];
      }
      assertThat(came / steps).as("element %d", i).isCloseTo(2 * given[i], within(0.4));
      assertThat(alike / steps).as("element %d", i).isCloseTo(2 * given[i], within(0.4));
    }
  }

  @Test
  void aMatrixWhoseGradientsWereZeroAtFirstIsNotLost() {
    float[] none = ofRank(), some = ofRank(5);
    Found found = run(1, 3, rank -> PlainKernels.of(1), (step, rank) -> step == 0 ? none : some);
    for (int i = 0; i < ROWS * COLUMNS; i++) {
      assertThat(found.sums[0][i]).isZero();
      assertThat(found.sums[1][i]).isCloseTo(2 * some[i], within(0.08f));
    }
  }

  @Test
  void bothFactorsGoOutAndComeBack() {
    // P 60 x 2 in a block of its own and the bias of 5, then Q 50 x 2, all on multiples of 16 elements: each goes to its owner and back
    Found found = run(2, 2, rank -> PlainKernels.of(1), (step, rank) -> ofRank(1));
    Codec codec = new EightBitCodec();
    assertThat(found.sent[0] + found.sent[1])
        .isEqualTo(2L * (codec.bytes(Codec.BLOCK) + codec.bytes(16) + codec.bytes(112)));
  }
}
