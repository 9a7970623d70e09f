package dev.kindling.checkpoint.commit;

import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.WeightSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One rank's optimizer states as the tensors of a safetensors file: {@code STATE/PARAMETER@FROM}, one-dimensional. */
final class OptimizerShard implements WeightSource {
  private final Map<String, OptimizerRange> ranges = new LinkedHashMap<>();

  OptimizerShard(List<OptimizerRange> all) {
    for (OptimizerRange r : all) {
      if (r.count() > 0 && ranges.put(tensorName(r), r) != null) {
        throw new IllegalArgumentException("the state " + tensorName(r) + " was given twice");
      }
    }
  }

  static String fileName(int shard, int shards) {
    if (shard < 0 || shard >= shards) throw new IllegalArgumentException("shard " + shard + " of " + shards);
    return String.format("optimizer/shard-%05d-of-%05d.safetensors", shard, shards);
  }

  private static String tensorName(OptimizerRange r) {
    return r.name() + "@" + r.from();
  }

  @Override
  public List<TensorSpec> tensors() {
    List<TensorSpec> all = new ArrayList<>();
    ranges.forEach((name, r) -> all.add(TensorSpec.float32(name, r.count())));
    return all;
  }

  @Override
  public void read(String name, long from, float[] into, int offset, int count) {
    ranges.get(name).values().get(from, into, offset, count);
  }
}
