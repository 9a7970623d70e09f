package dev.kindling.train.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.train.collective.ShardPlanner;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.Agreement;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.nn.Stacked;
import dev.kindling.train.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ShardedOptimizersTest {
  private static final Kernels KERNELS = PlainKernels.of(2);
  private static final ParameterLayout LAYOUT = ParameterLayout.builder()
      .add("wte", Parameter.Role.EMBEDDING, 301, 33)
      .add("h.0.attn.c_attn.weight", Parameter.Role.HIDDEN_MATRIX, new Stacked(false, List.of(20L, 20L, 20L)), 20, 60)
      .add("h.0.attn.c_attn.bias", Parameter.Role.VECTOR, 60)
      .add("h.0.mlp.c_fc.weight", Parameter.Role.HIDDEN_MATRIX, 20, 77)
      .add("h.0.mlp.c_proj.weight", Parameter.Role.HIDDEN_MATRIX, 77, 20)
      .build();

  @AfterAll
  static void close() {
    KERNELS.close();
  }

  static Stream<OptimizerRecipe> recipes() {
    OptimizerRecipe muon = new MuonWithAdamW.Recipe(Muon.Recipe.of(5e-3, true), AdamW.Recipe.of(1e-3));
    ParameterGroup matrices = new ParameterGroup(List.of("*.c_*.weight"), List.of(), 0.5, 2);
    return Stream.of(AdamW.Recipe.of(1e-2), new Sgd.Recipe(1e-2, 0.9, true, 0.01), Sgd.Recipe.plain(0.1), muon,
        Adafactor.Recipe.of(1e-2, 0.1), new Lion.Recipe(1e-3, 0.9, 0.99, 0.1),
        ParameterGroups.Recipe.of(muon, ParameterGroup.vectorsWithoutDecay(), matrices),
        new AveragedWeights.Recipe(ParameterGroups.Recipe.of(AdamW.Recipe.of(1e-2), matrices), 0.99));
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void anyNumberOfShardsMovesTheWeightsByTheSameBits(OptimizerRecipe recipe) {
    float[] alone = train(recipe, 1, KERNELS);
    for (int worldSize : new int[]{2, 3, 5}) assertThat(train(recipe, worldSize, KERNELS)).isEqualTo(alone);
  }

  private static float[] train(OptimizerRecipe recipe, int worldSize, Kernels kernels) {
    Shards shards = ShardPlanner.plan(LAYOUT, worldSize, recipe::needsWhole);
    try (Vectors vectors = new Vectors(LAYOUT)) {
      Tensor weights = vectors.random(1);
      for (int rank = 0; rank < worldSize; rank++) {
        List<OwnedRange> owned = OwnedRange.of(LAYOUT, shards.from(rank), shards.to(rank));
        try (Optimizer optimizer = recipe.create(owned, kernels)) {
          for (int step = 1; step <= 3; step++) optimizer.step(weights, vectors.random(step), 0.5, step, 0.9);
        }
      }
      return weights.toFloats();
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void threadsDoNotShow(OptimizerRecipe recipe) {
    try (Kernels one = KernelLibraries.best(1);
        Kernels two = KernelLibraries.best(2);
        Kernels three = PlainKernels.of(3)) {
      assertThat(train(recipe, 1, two)).isEqualTo(train(recipe, 1, one));
      assertThat(train(recipe, 1, three)).isEqualTo(train(recipe, 1, KERNELS));
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void theStatesAreThoseThatTheRecipeSays(OptimizerRecipe recipe) {
    List<OwnedRange> owned = OwnedRange.of(LAYOUT, 0, LAYOUT.size());
    long before = Memory.inUse();
    try (Optimizer optimizer = recipe.create(owned, KERNELS)) {
      assertThat(optimizer.states().stream().map(s -> s.name() + " " + s.from() + " " + s.values().size()))
          .containsExactlyInAnyOrderElementsOf(owned.stream().flatMap(range -> recipe.statesOf(range).stream()
              .map(s -> s.name() + "/" + range.parameter().name() + " " + s.from() + " " + s.size())).toList());
    }
    assertThat(Memory.inUse()).isEqualTo(before);
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void gapsBetweenParametersStayZero(OptimizerRecipe recipe) {
    float[] flat = train(recipe, 1, KERNELS);
    for (Parameter p : LAYOUT.parameters()) {
      for (long i = p.offset(); i < p.offset() + p.size(); i++) flat[(int) i] = 0;
    }
    assertThat(flat).containsOnly(0);
  }

  /** Side by side as in GPT-2, grouped and one above the other as in Phi-3, head by head as in GPT-NeoX. */
  static Stream<Arguments> stacked() {
    return Stream.of(Arguments.of(new Stacked(false, List.of(16L, 16L, 16L)), 16, 48),
        Arguments.of(new Stacked(true, List.of(16L, 8L, 8L)), 32, 24),
        Arguments.of(new Stacked(true, List.of(4L, 4L, 4L)), 48, 16));
  }

  @ParameterizedTest
  @MethodSource("stacked")
  void matricesThatAreStoredAsOneAreOrthogonalizedEachByItself(Stacked stacked, int rows, int columns) {
    ParameterLayout fused = ParameterLayout.builder()
        .add("attn.c_attn.weight", Parameter.Role.HIDDEN_MATRIX, stacked, rows, columns).build();
    ParameterLayout.Builder builder = ParameterLayout.builder();
    long cycles = (stacked.alongRows() ? rows : columns) / stacked.runs().stream().mapToLong(Long::longValue).sum();
    for (long run : stacked.runs()) {
      builder.add("part" + builder.build().parameters().size(), Parameter.Role.HIDDEN_MATRIX,
          stacked.alongRows() ? run * cycles : rows, stacked.alongRows() ? columns : run * cycles);
    }
    ParameterLayout apart = builder.build();
    Muon.Recipe recipe = Muon.Recipe.of(1e-2, false);
    try (Vectors one = new Vectors(fused); Vectors three = new Vectors(apart)) {
      Tensor together = one.zero();
      Tensor gradient = one.random(3);
      Tensor separate = three.zero();
      Tensor gradients = three.zero();
      copyParts(stacked, columns, fused, gradient, apart, gradients);
      step(recipe, fused, together, gradient);
      step(recipe, apart, separate, gradients);
      Tensor expected = three.zero();
      copyParts(stacked, columns, fused, together, apart, expected);
      assertThat(separate.toFloats()).isEqualTo(expected.toFloats());
      assertThat(Agreement.largest(expected.toFloats())).isPositive();
    }
  }

  /** Element by element: which part it belongs to is told by its place along the axis. */
  private static void copyParts(Stacked stacked, int columns, ParameterLayout fused, Tensor from, ParameterLayout apart,
      Tensor to) {
    float[] all = fused.parameters().get(0).in(from).toFloats();
    int[] next = new int[stacked.runs().size()];
    long cycle = stacked.runs().stream().mapToLong(Long::longValue).sum();
    for (int i = 0; i < all.length; i++) {
      long along = (stacked.alongRows() ? i / columns : i % columns) % cycle;
      int part = 0;
      for (long run : stacked.runs()) {
        if (along < run) break;
        along -= run;
        part++;
      }
      apart.parameters().get(part).in(to).put(next[part]++, all, i, 1);
    }
  }

  private static void step(OptimizerRecipe recipe, ParameterLayout layout, Tensor weights, Tensor gradients) {
    try (Optimizer optimizer = recipe.create(OwnedRange.of(layout, 0, layout.size()), KERNELS)) {
      optimizer.step(weights, gradients, 1, 1, 1);
    }
  }

  @Test
  void muonsStepIsNearlyOrthogonalForWideTallAndSquareMatrices() {
    for (long[] shape : new long[][]{{5, 40}, {40, 5}, {16, 16}}) {
      ParameterLayout layout = ParameterLayout.builder().add("m", Parameter.Role.HIDDEN_MATRIX, shape).build();
      Muon.Recipe recipe = new Muon.Recipe(1, 0, 0, Muon.Scaling.MATCH_ADAMW, false);
      try (Vectors vectors = new Vectors(layout)) {
        Tensor weights = vectors.zero();
        step(recipe, layout, weights, vectors.random(9));
        double sum = 0;
        for (float w : weights.toFloats()) sum += w * w;
        // the mean square of the singular values, which the iteration brings near 1
        double scale = 0.2 * Math.sqrt(Math.max(shape[0], shape[1]));
        assertThat(sum / (scale * scale) / Math.min(shape[0], shape[1])).isCloseTo(0.9, within(0.3));
      }
    }
  }

  @Test
  void muonRefusesWhatIsNoWholeMatrix() {
    List<OwnedRange> owned = OwnedRange.of(LAYOUT, 0, 4096);
    assertThatThrownBy(() -> Muon.Recipe.of(1e-2, true).create(owned, KERNELS))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("whole matrices");
  }

}
