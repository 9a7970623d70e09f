package dev.kindling.train.collective;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.ParameterLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShardPlannerTest {
  private static final ParameterLayout LAYOUT = ParameterLayout.builder()
      .add("wte", Parameter.Role.EMBEDDING, 1000, 100)
      .add("matrix", Parameter.Role.HIDDEN_MATRIX, 200, 300)
      .add("bias", Parameter.Role.VECTOR, 300)
      .add("other", Parameter.Role.HIDDEN_MATRIX, 150, 150)
      .build();

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 7, 16, 100})
  void bordersFallOnBlocksAndOnStartsOfWhatMustStayWhole(int worldSize) {
    Shards shards = ShardPlanner.plan(LAYOUT, worldSize, p -> p.role() == Parameter.Role.HIDDEN_MATRIX);
    assertThat(shards.worldSize()).isEqualTo(worldSize);
    assertThat(shards.from(0)).isZero();
    assertThat(shards.to(worldSize - 1)).isEqualTo(LAYOUT.size());
    for (int rank = 1; rank < worldSize; rank++) {
      long border = shards.from(rank);
      assertThat(LAYOUT.parameters()).anySatisfy(p -> {
        long within = border - p.offset();
        assertThat(within).isBetween(0L, p.size() - 1);
        assertThat(p.role() == Parameter.Role.HIDDEN_MATRIX ? within : within % Kernels.NORM_BLOCK).isZero();
      });
    }
  }

  @Test
  void shardsAreEvenWhereTheBordersAllowIt() {
    Shards shards = ShardPlanner.plan(LAYOUT, 4, p -> false);
    for (int rank = 0; rank < 4; rank++) {
      assertThat(shards.size(rank)).isBetween(LAYOUT.size() / 4 - Kernels.NORM_BLOCK,
          LAYOUT.size() / 4 + Kernels.NORM_BLOCK);
    }
  }
}
