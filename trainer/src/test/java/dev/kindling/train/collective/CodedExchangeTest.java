package dev.kindling.train.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.optim.Optimizer;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Sums of coded gradients on two and three ranks. */
class CodedExchangeTest {
  private static final int VIRTUAL_RANKS = 8;
  private static final int STEPS = 40;
  private static final ParameterLayout MATRICES = ParameterLayout.builder()
      .add("table", Parameter.Role.EMBEDDING, 101, 40).add("bias", Parameter.Role.VECTOR, 33)
      .add("wide", Parameter.Role.HIDDEN_MATRIX, 24, 200).add("thin", Parameter.Role.HIDDEN_MATRIX, 300, 3)
      .add("last", Parameter.Role.HIDDEN_MATRIX, 30, 31).build();

  private static ParameterLayout layout(long... sizes) {
    ParameterLayout.Builder builder = ParameterLayout.builder();
    for (int i = 0; i < sizes.length; i++) builder.add("p" + i, Parameter.Role.VECTOR, sizes[i]);
    return builder.build();
  }

  private static float[] random(ParameterLayout layout, int step, VirtualRankTree.Node node) {
    Random random = new Random(step * 1_009L + node.from());
    float[] values = new float[(int) layout.size()];
    for (Parameter p : layout.parameters()) {
      for (int i = 0; i < p.size(); i++) values[(int) p.offset() + i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** All that is summed, rank by rank, over the steps. @param sums of every step, by element; @param residuals by rank */
  private record Found(double[] given, double[] summed, double[][] residuals, long sent, long exact) {}

  private static Found run(Codec codec, int worldSize, ParameterLayout layout, int threads) {
    return run(new Gradients.Coded(codec), worldSize, layout, threads, step -> true);
  }

  /** @param labels whether a step has any */
  private static Found run(Gradients gradients, int worldSize, ParameterLayout layout, int threads,
      IntPredicate labels) {
    int size = (int) layout.size();
    Shards shards = ShardPlanner.plan(layout, worldSize, p -> false);
    double[] given = new double[size], summed = new double[size];
    double[][] residuals = new double[worldSize][size];
    long[] sent = new long[worldSize];
    List<InProcess> ranks = InProcess.ranks(worldSize, VIRTUAL_RANKS);
    VirtualRankTree tree = new VirtualRankTree(VIRTUAL_RANKS);
    Ranks.run(worldSize, rank -> {
      List<VirtualRankTree.Node> nodes = tree.maximalSubtrees(tree.range(rank, worldSize));
      try (Kernels kernels = PlainKernels.of(threads);
          Memory memory = Memory.allocate((long) nodes.size() * size * Float.BYTES);
          GradientExchange exchange = gradients.create(ranks.get(rank), shards, layout, kernels)) {
        for (int step = 0; step < STEPS; step++) {
          List<Contribution> mine = new ArrayList<>();
          for (int i = 0; i < nodes.size(); i++) {
            Tensor sum = Tensor.at(memory.address() + (long) i * size * Float.BYTES, DType.FLOAT32, size);
            float[] values = labels.test(step) ? random(layout, step, nodes.get(i)) : new float[size];
            sum.put(0, values, 0, size);
            synchronized (given) {
              for (int j = 0; j < size; j++) given[j] += values[j];
            }
            mine.add(new Contribution(nodes.get(i), sum));
          }
          Tensor sum = mine.get(0).sum();
          try (Communicator.Reduction reduction = exchange.reduce(mine, sum)) {
            reduction.complete(size / 2);
            reduction.finish();
          }
          if (!labels.test(step)) {
            exchange.keep(sum);
            continue;
          }
          float[] got = sum.toFloats();
          for (long j = shards.from(rank); j < shards.to(rank); j++) summed[(int) j] += got[(int) j];
        }
        sent[rank] = exchange.sent();
        for (Optimizer.State s : exchange.states(null)) {
          if (s.name().contains(".basis/")) continue;
          assertThat(s.name()).startsWith("rank" + rank + ".residual/");
          Parameter p = layout.parameter(s.name().substring(s.name().indexOf('/') + 1));
          float[] values = s.values().toFloats();
          for (int j = 0; j < values.length; j++) residuals[rank][(int) p.offset() + j] = values[j];
        }
      }
    });
    long all = 0, exact = 0;
    for (int r = 0; r < worldSize; r++) {
      all += sent[r];
      exact += (long) STEPS * (size - shards.size(r)) * Float.BYTES;
    }
    return new Found(given, summed, residuals, all, exact);
  }

  static Stream<Arguments> cases() {
    return Stream.of(new Gradients.Coded(new EightBitCodec()), new Gradients.Coded(new ThresholdCodec(0.4)),
        new Gradients.Coded(new TopKCodec(0.1)), new Gradients.PowerSgd(2)).flatMap(
            g -> Stream.of(
                Arguments.of(g, 2, layout(5_000, 1, 777)), Arguments.of(g, 3, layout(9_000, 64)),
                Arguments.of(g, 3, MATRICES),
                Arguments.of(g, 2, MATRICES), Arguments.of(g, 2, layout(1)), Arguments.of(g, 1, layout(100))));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void whatWasNotSentIsWhatTheSumsLack(Gradients gradients, int worldSize, ParameterLayout layout) {
    Found found = run(gradients, worldSize, layout, 1, step -> true);
    for (int i = 0; i < found.given.length; i++) {
      double kept = 0;
      for (double[] of : found.residuals) kept += of[i];
      assertThat(found.summed[i] + kept).as("element %d", i).isCloseTo(found.given[i], within(1e-3));
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void aStepWithoutLabelsLosesNothingOfWhatWasNotSent(Gradients gradients, int worldSize, ParameterLayout layout) {
    Found found = run(gradients, worldSize, layout, 1, step -> step % 3 != 2 && step < STEPS - 1);
    for (int i = 0; i < found.given.length; i++) {
      double kept = 0;
      for (double[] of : found.residuals) kept += of[i];
      assertThat(found.summed[i] + kept).as("element %d", i).isCloseTo(found.given[i], within(1e-3));
    }
  }

  @Test
  void threadsDoNotShow() {
    Found one = run(new EightBitCodec(), 2, layout(140_000), 1);
    Found three = run(new EightBitCodec(), 2, layout(140_000), 3);
    assertThat(three.summed).isEqualTo(one.summed);
    assertThat(three.residuals[1]).isEqualTo(one.residuals[1]);
  }

  @Test
  void withoutErrorFeedbackEverySumIsAsNearAsTheRounding() {
    Found found = run(new Bfloat16Codec(), 3, layout(9_000, 64), 1);
    for (int i = 0; i < found.given.length; i++) {
      assertThat(found.summed[i]).isCloseTo(found.given[i], within(STEPS * 0.1));
    }
  }

  @Test
  void theBytesThatAreSentAreAsManyTimesFewer() {
    ParameterLayout layout = layout(300_000);
    assertThat(ratio(new Bfloat16Codec(), layout)).isGreaterThanOrEqualTo(1.9);
    for (Codec codec : List.of(new EightBitCodec(), new ThresholdCodec(0.4), new TopKCodec(0.1))) {
      assertThat(ratio(codec, layout)).as(codec.toString()).isGreaterThanOrEqualTo(3.9);
    }
  }

  private static double ratio(Codec codec, ParameterLayout layout) {
    Found found = run(codec, 2, layout, 1);
    return (double) found.exact / found.sent;
  }
}
