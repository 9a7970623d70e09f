package dev.kindling.train.collective;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.Parameter.Role;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.tensor.Memory;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A plan of a rank's memory counts what an exchange takes. */
class ExchangeMemoryTest {
  private static final int RANKS = 3;
  private static final ParameterLayout LAYOUT = ParameterLayout.builder().add("table", Role.EMBEDDING, 101, 40)
      .add("bias", Role.VECTOR, 33).add("wide", Role.HIDDEN_MATRIX, 24, 200).add("last", Role.VECTOR, 5).build();

  static Stream<Gradients> all() {
    return Stream.of(new Gradients.Coded(new Bfloat16Codec()), new Gradients.Coded(new EightBitCodec()),
        new Gradients.Coded(new ThresholdCodec(0.4)), new Gradients.Coded(new TopKCodec(0.1)),
        new Gradients.PowerSgd(4),
        new Gradients.Local(4, 0.7, 0.9));
  }

  @ParameterizedTest
  @MethodSource("all")
  void theRankThatNeedsTheMostTakesWhatIsPlanned(Gradients gradients) {
    Shards shards = ShardPlanner.plan(LAYOUT, RANKS, p -> false);
    List<InProcess> ranks = InProcess.ranks(RANKS, RANKS);
    long most = 0;
    try (Kernels kernels = PlainKernels.of(2)) {
      for (InProcess rank : ranks) {
        long before = Memory.inUse();
        try (GradientExchange exchange = gradients.create(rank, shards, LAYOUT, kernels)) {
          assertThat(exchange.owned()).isNotEmpty();
          most = Math.max(most, Memory.inUse() - before);
        }
        assertThat(Memory.inUse()).as("what stays").isEqualTo(before);
      }
    }
    assertThat(most).isEqualTo(gradients.bytes(shards, LAYOUT));
  }
}
