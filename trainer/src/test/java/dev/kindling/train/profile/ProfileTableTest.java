package dev.kindling.train.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.train.collective.Communicator;
import dev.kindling.train.collective.InProcess;
import dev.kindling.train.collective.Ranks;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PackedWeight;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProfileTableTest {
  private static final long MILLI = 1_000_000;
  private static final int STEPS = 4;
  private static final int LATE = 40;            // milliseconds a step
  private static final int NUMBERS = 100_000;

  /** Parts of 100 ms a step, and 10 products of 2 billion operations that take 8 ms each. */
  private static RankProfile rank(int rank, Map<Part, Integer> millisOfAStep) {
    Map<Part, Long> parts = new EnumMap<>(Part.class);
    millisOfAStep.forEach((part, millis) -> parts.put(part, STEPS * millis * MILLI));
    List<RankProfile.Operation> operations = List.of(
        new RankProfile.Operation("linear", new Product(1000, 1000, 1000, DType.FLOAT32, 1), 10L * STEPS,
            80 * STEPS * MILLI, 312.5e9),
        new RankProfile.Operation("crossEntropy", new Product(500, 100, 5000, DType.BFLOAT16, 3), STEPS,
            5 * STEPS * MILLI, 400e9),
        new RankProfile.Operation("add", null, 2L * STEPS, STEPS * MILLI, 0));
    return new RankProfile(rank, STEPS, parts, operations, List.of());
  }

  @Test
  void aTableOfTwoRanks() {
    assertThat(ProfileTable.of(List.of(
        rank(0, Map.of(Part.COMPUTE, 90, Part.DATA, 1, Part.WAIT, 2, Part.NETWORK, 4, Part.OPTIMIZER, 3)),
        rank(1, Map.of(Part.COMPUTE, 70, Part.DATA, 1, Part.WAIT, 22, Part.NETWORK, 4, Part.OPTIMIZER, 3)))))
        .containsExactly(
            "profile of 4 steps, milliseconds a step",
            "  part                 rank 0           rank 1",
            "  compute         90.00   90%      70.00   70%",
            "  data             1.00    1%       1.00    1%",
            "  wait             2.00    2%      22.00   22%",
            "  network          4.00    4%       4.00    4%",
            "  optimizer        3.00    3%       3.00    3%",
            "operations of rank 0, shares of its steps: rows×inner×columns of products, GFLOP/s beside what that shape "
                + "reaches alone",
            "  operation                                          calls               ms   GFLOP/s     alone",
            "  linear 1000×1000×1000 float32                       10.0      80.00   80%     250.0     312.5",
            "  crossEntropy 500×100×5000 bf16                       1.0       5.00    5%     300.0     400.0",
            "  add                                                  2.0       1.00    1%",
            "  alone: measured on at most 1,024 rows and 4,096 columns");
  }

  @Test
  void aRunThatEndsWithinTheWarmUpHasNone() {
    RankProfile none = new RankProfile(0, 0, Map.of(), List.of(), List.of());
    assertThat(ProfileTable.of(List.of(none))).containsExactly(
        "profile: none, as it begins after 2 steps and the run had no more");
  }

  /** By a clock around the calls, and by the table's own columns. */
  @Test
  void theSpeedOfAProductIsItsOperationsOverItsTime() {
    int n = 160;
    double operations = 2.0 * n * n * n;
    Profile profile = new Profile();
    long nanos = 0;
    RankProfile found;
    try (Kernels plain = PlainKernels.of(1);
        Kernels kernels = ProfiledKernels.of(plain, profile);
        PackedWeight weight = kernels.weight(n, n, false, DType.FLOAT32);
        Memory memory = Memory.allocate(2L * n * n * Float.BYTES)) {
      Tensor x = Tensor.at(memory.address(), DType.FLOAT32, n, n);
      Tensor y = Tensor.at(memory.address() + x.bytes(), DType.FLOAT32, n, n);
      for (int step = 1; step <= Profile.WARM_UP + STEPS; step++) {
        profile.step();
        long before = System.nanoTime();
        kernels.linear(x, weight, null, y);
        if (step > Profile.WARM_UP) nanos += System.nanoTime() - before;
      }
      found = profile.ended(0, product -> 7.5e9);
    }
    assertThat(found.operations().get(0).rate()).isCloseTo(STEPS * operations / nanos * 1e9,
        within(0.5 * STEPS * operations / nanos * 1e9));
    double[] columns = row(ProfileTable.of(List.of(found)), "linear 160×160×160 float32");
    double milliseconds = columns[1];
    double gigaflops = columns[3];
    assertThat(columns[0]).as("calls a step").isEqualTo(1);
    assertThat(gigaflops).isCloseTo(operations / milliseconds / 1e6, within(0.05 + 0.01 * gigaflops));
    assertThat(columns[4]).as("alone").isEqualTo(7.5);
  }

  /** Rank 1 comes late to every exchange: rank 0 waits for it, and both are on the network. */
  @Test
  void whoComesFirstWaitsAndTheWayOfTheNumbersIsTheNetworks() {
    List<InProcess> communicators = InProcess.ranks(2, 2);
    RankProfile[] found = new RankProfile[2];
    Ranks.run(2, rank -> found[rank] = exchanging(communicators.get(rank), rank == 1 ? LATE : 0));
    List<String> table = ProfileTable.of(Arrays.asList(found));
    double[] compute = row(table, "compute"), wait = row(table, "wait"), network = row(table, "network");
    assertThat(compute[2]).as("ms that rank 1 computes").isGreaterThanOrEqualTo(LATE);
    assertThat(wait[0]).as("ms that rank 0 waits").isGreaterThan(0.8 * LATE);
    assertThat(wait[2]).as("ms that rank 1 waits").isLessThan(0.5 * wait[0]);
    assertThat(network[0]).as("ms on the network").isPositive().isLessThan(wait[0]);
    assertThat(network[2]).as("ms on the network").isPositive().isLessThan(compute[2]);
    for (int column : new int[]{1, 3}) {         // a share is rounded to a hundredth
      assertThat(compute[column] + wait[column] + network[column] + row(table, "other")[column]).isBetween(97.0, 103.0);
    }
  }

  /** Steps that compute for a while, tell each other something and gather a vector. */
  private static RankProfile exchanging(Communicator real, int millis) {
    Profile profile = new Profile();
    Communicator communicator = new ProfiledCommunicator(real, profile);
    Shards shards = new Shards(new long[]{0, NUMBERS / 2, NUMBERS});
    try (Memory memory = Memory.allocate(NUMBERS * Float.BYTES)) {
      Tensor flat = Tensor.at(memory.address(), DType.FLOAT32, NUMBERS);
      for (int step = 1; step <= Profile.WARM_UP + STEPS; step++) {
        profile.step();
        Part before = profile.enter(Part.COMPUTE);
        sleep(millis);
        profile.enter(before);
        communicator.allGather(new byte[]{1});
        communicator.allGather(flat, shards);
      }
    }
    return profile.ended(real.rank(), product -> 0);
  }

  private static void sleep(int millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The numbers of a line, units left out. */
  private static double[] row(List<String> table, String name) {
    String line = table.stream().filter(l -> l.startsWith("  " + name + " ")).findFirst().orElseThrow();
    String numbers = line.substring(2 + name.length()).replace("%", "").strip();
    return Arrays.stream(numbers.split(" +")).mapToDouble(Double::parseDouble).toArray();
  }
}
