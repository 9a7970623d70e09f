package dev.kindling.train.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParameterGroupsTest {
  private static final Kernels KERNELS = PlainKernels.of(1);
  private static final ParameterLayout LAYOUT = ParameterLayout.builder()
      .add("wte.weight", Parameter.Role.EMBEDDING, 30, 4)
      .add("h.0.mlp.weight", Parameter.Role.HIDDEN_MATRIX, 4, 16)
      .add("h.0.mlp.bias", Parameter.Role.VECTOR, 16)
      .add("h.1.mlp.weight", Parameter.Role.HIDDEN_MATRIX, 4, 16)
      .build();

  @AfterAll
  static void close() {
    KERNELS.close();
  }

  @ParameterizedTest
  @CsvSource({"*.bias,h.0.mlp.bias,true", "*.bias,h.0.mlp.biases,false", "h.*.weight,h.0.mlp.weight,true",
      "h.*.weight,xh.0.mlp.weight,false", "wte.weight,wte.weight,true", "wte.weight,wtexweight,false", "*,any,true",
      "h.0.*mlp*,h.0.mlp.bias,true", "h.[01].*,h.0.mlp.bias,false"})
  void aStarStandsForAnyTextAndNothingElseDoes(String pattern, String name, boolean fits) {
    assertThat(ParameterGroup.matches(pattern, name)).isEqualTo(fits);
  }

  /** What a step of AdamW without a gradient leaves of each parameter: its decay times its rate shows. */
  private static void assertKept(OptimizerRecipe recipe, double... kept) {
    try (Vectors vectors = new Vectors(LAYOUT);
        Optimizer optimizer = recipe.create(OwnedRange.of(LAYOUT, 0, LAYOUT.size()), KERNELS)) {
      Tensor weights = vectors.random(1);
      Tensor before = vectors.random(1);
      optimizer.step(weights, vectors.zero(), 1, 1, 1);
      for (int i = 0; i < kept.length; i++) {
        Parameter p = LAYOUT.parameters().get(i);
        float[] expected = p.in(before).toFloats();
        for (int k = 0; k < expected.length; k++) expected[k] *= (float) kept[i];
        assertThat(p.in(weights).toFloats()).as(p.name()).usingComparatorWithPrecision(1e-6f).containsExactly(expected);
      }
    }
  }

  @Test
  void vectorsDoNotDecayWhereTheirGroupSaysSo() {
    AdamW.Recipe adamw = new AdamW.Recipe(0.1, 0.9, 0.95, 1e-8, 0.5);
    assertKept(adamw, 0.95, 0.95, 0.95, 0.95);
    assertKept(ParameterGroups.Recipe.of(adamw, ParameterGroup.vectorsWithoutDecay()), 0.95, 0.95, 1, 0.95);
  }

  @Test
  void theFirstGroupThatHoldsAParameterCountsAndNamesAndRolesMustBothFit() {
    ParameterGroup first = new ParameterGroup(List.of("h.0.*"), List.of(Parameter.Role.HIDDEN_MATRIX), 0.5, 2);
    ParameterGroup second = new ParameterGroup(List.of("h.*"), List.of(), 2, 0.2);
    AdamW.Recipe adamw = new AdamW.Recipe(0.1, 0.9, 0.95, 1e-8, 0.5);
    assertKept(ParameterGroups.Recipe.of(adamw, first, second), 0.95, 1 - 0.05, 1 - 0.2 * 0.1, 1 - 0.2 * 0.1);
  }

  @Test
  void aRateFactorIsTheSameAsThatRate() {
    OptimizerRecipe half = ParameterGroups.Recipe.of(new Sgd.Recipe(0.2, 0.9, false, 0.1),
        new ParameterGroup(List.of("*"), List.of(), 0.5, 3));
    assertThat(trained(half)).isEqualTo(trained(new Sgd.Recipe(0.1, 0.9, false, 0.1 * 3)));
  }

  private static float[] trained(OptimizerRecipe recipe) {
    try (Vectors vectors = new Vectors(LAYOUT);
        Optimizer optimizer = recipe.create(OwnedRange.of(LAYOUT, 0, LAYOUT.size()), KERNELS)) {
      Tensor weights = vectors.random(1);
      for (int step = 1; step <= 3; step++) optimizer.step(weights, vectors.random(step), 1, step, 1);
      return weights.toFloats();
    }
  }

  @Test
  void whatWasMadeForOneGroupIsGivenBackWhereAnotherFails() {
    long before = Memory.inUse();
    // Adafactor is not for a part of a matrix
    OptimizerRecipe recipe = ParameterGroups.Recipe.of(Adafactor.Recipe.of(1e-2, 0),
        new ParameterGroup(List.of("wte.*"), List.of(), 2, 1));
    List<OwnedRange> owned = OwnedRange.of(LAYOUT, 0, LAYOUT.parameter("h.1.mlp.weight").offset() + 16);
    assertThatThrownBy(() -> new AveragedWeights.Recipe(recipe, 0.9).create(owned, KERNELS))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("whole vectors and matrices");
    assertThat(Memory.inUse()).isEqualTo(before);
  }
}
