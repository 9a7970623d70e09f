package dev.kindling.train.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sums over ranks in coded blocks. */
class RankSumTest {
  private static final int[] SIZES = {0, 1, 16, 1_023, 1_024, 1_025, 4_072, 6_143, 20_000};

  /** What each rank gave, said and got, by rank. */
  private record Found(float[][] given, float[][] said, float[][] got) {}

  private static Found sum(Codec codec, int worldSize, int size) {
    Found found = new Found(new float[worldSize][], new float[worldSize][], new float[worldSize][]);
    List<InProcess> ranks = InProcess.ranks(worldSize, worldSize);
    Ranks.run(worldSize, rank -> {
      try (Kernels kernels = PlainKernels.of(1 + rank % 2);
          Memory memory = Memory.allocate(Math.max(1, 2L * size * Float.BYTES));
          RankSum sum = new RankSum(codec, ranks.get(rank), kernels, size)) {
        Random random = new Random(31 * size + rank);
        Tensor vector = Tensor.at(memory.address(), DType.FLOAT32, size);
        Tensor said = Tensor.at(memory.address() + vector.bytes(), DType.FLOAT32, size);
        for (int i = 0; i < size; i++) vector.put(i, new float[]{(float) random.nextGaussian()}, 0, 1);
        found.given[rank] = vector.toFloats();
        sum.sum(vector, said);
        found.said[rank] = said.toFloats();
        found.got[rank] = vector.toFloats();
      }
    });
    return found;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5})
  void allGetTheSumOfWhatTheySaidWhichIsNearWhatTheyHave(int worldSize) {
    for (Codec codec : List.of(new EightBitCodec(), new Bfloat16Codec())) {
      for (int size : SIZES) {
        Found found = sum(codec, worldSize, size);
        for (int rank = 0; rank < worldSize; rank++) assertThat(found.got[rank]).isEqualTo(found.got[0]);
        for (int i = 0; i < size; i++) {
          double said = 0, given = 0;
          for (int rank = 0; rank < worldSize; rank++) {
            said += found.said[rank][i];
            given += found.given[rank][i];
          }
          assertThat(said).as("said of %d", i).isCloseTo(found.got[0][i], within(1e-5));
          // each of the values and their sum is off by half a step of its block at the most
          assertThat(said).as("element %d", i).isCloseTo(given, within(0.025 * (worldSize + Math.sqrt(worldSize))));
        }
      }
    }
  }
}
