package dev.kindling.train.collective;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.Parameter.Role;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** New weights on their way from their owners. */
class GatheredWeightsTest {
  /** Some parameters start or end within a shard, some span a border. */
  private static final ParameterLayout LAYOUT = ParameterLayout.builder().add("table", Role.EMBEDDING, 77, 100)
      .add("first", Role.HIDDEN_MATRIX, 99, 101).add("norm", Role.VECTOR, 101).add("second", Role.HIDDEN_MATRIX, 33, 3)
      .add("third", Role.HIDDEN_MATRIX, 120, 130).add("last", Role.VECTOR, 5).build();

  private static float[] masters() {
    Random random = new Random(1);
    float[] values = new float[(int) LAYOUT.size()];
    for (Parameter p : LAYOUT.parameters()) {
      for (int i = 0; i < p.size(); i++) values[(int) p.offset() + i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** To 8 bits of mantissa, ties to even, by arithmetic. */
  private static float bfloat16(float value) {
    float unit = Math.ulp(value) * 65_536;
    return (float) (Math.rint((double) value / unit) * unit);
  }

  private static List<Float> between(float[] flat) {
    List<Float> found = new ArrayList<>();
    long from = 0;
    for (Parameter p : LAYOUT.parameters()) {
      for (; from < p.offset(); from++) found.add(flat[(int) from]);
      from = p.offset() + p.size();
    }
    for (; from < flat.length; from++) found.add(flat[(int) from]);
    return found;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 5})
  void ownersKeepTheirMastersOthersGetMatricesRoundedAndAllElseAsItIs(int worldSize) {
    float[] masters = masters();
    int size = masters.length;
    Shards shards = ShardPlanner.plan(LAYOUT, worldSize, p -> false);
    Shards storing = ShardPlanner.plan(LAYOUT, worldSize, p -> true);    // other borders
    float[][] gathered = new float[worldSize][], whole = new float[worldSize][], stored = new float[worldSize][];
    float[][] spoilt = new float[worldSize][];
    long[] bytes = new long[worldSize];
    var ranks = InProcess.ranks(worldSize, 8);
    Ranks.run(worldSize, rank -> {
      try (Kernels kernels = PlainKernels.of(2); Memory memory = Memory.allocate(2L * size * Float.BYTES)) {
        Tensor weights = Tensor.at(memory.address(), DType.FLOAT32, size);
        Tensor scratch = Tensor.at(memory.address() + weights.bytes(), DType.FLOAT32, size);
        float[] mine = new float[size];          // what this rank does not own is old
        System.arraycopy(masters, (int) shards.from(rank), mine, (int) shards.from(rank), (int) shards.size(rank));
        weights.put(0, mine, 0, size);
        GatheredWeights weightsOfAll = new GatheredWeights(ranks.get(rank), shards, LAYOUT,
            p -> p.role() == Role.HIDDEN_MATRIX, kernels);
        bytes[rank] = weightsOfAll.bytes();
        weightsOfAll.gather(weights, scratch);
        gathered[rank] = weights.toFloats();
        spoilt[rank] = scratch.toFloats();
        weightsOfAll.masters(weights, storing);
        stored[rank] = weights.toFloats();
        weightsOfAll.masters(weights);
        whole[rank] = weights.toFloats();
      }
    });
    for (int rank = 0; rank < worldSize; rank++) {
      assertThat(whole[rank]).isEqualTo(masters);
      float[] wanted = gathered[rank].clone();
      int from = (int) storing.from(rank);
      System.arraycopy(masters, from, wanted, from, (int) storing.size(rank));
      assertThat(stored[rank]).as("where rank %d stores some", rank).isEqualTo(wanted);
      assertThat(between(spoilt[rank])).as("scratch memory between parameters").containsOnly(0f);
      assertThat(bytes[rank]).isEqualTo(4L * (7744 + 128 + 64) + 2L * (10_048 + 128 + 15_616));
      for (Parameter p : LAYOUT.parameters()) {
        for (int i = (int) p.offset(); i < p.offset() + p.size(); i++) {
          boolean own = shards.from(rank) <= i && i < shards.to(rank);
          boolean exact = own || p.role() != Role.HIDDEN_MATRIX;
          assertThat(gathered[rank][i]).as("%s of rank %d", p.name(), rank)
              .isEqualTo(exact ? masters[i] : bfloat16(masters[i]));
        }
      }
    }
  }
}
