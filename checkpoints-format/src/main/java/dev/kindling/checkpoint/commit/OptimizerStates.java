package dev.kindling.checkpoint.commit;

import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.checkpoint.WeightsHash;
import dev.kindling.checkpoint.safetensors.SafetensorsReader;
import java.io.Closeable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * The optimizer's states of a checkpoint, put together from whichever shards hold them: any number of ranks can read
 * any ranges, whatever number wrote them.
 */
public final class OptimizerStates implements Closeable {
  private final String where;
  private final List<SafetensorsReader> shards = new ArrayList<>();
  private final Map<String, NavigableMap<Long, Part>> parts = new TreeMap<>();

  /** A stored range. */
  private record Part(SafetensorsReader shard, String tensor, long from, long count) {
    long to() {
      return from + count;
    }
  }

  private OptimizerStates(String where) {
    this.where = where;
  }

  static OptimizerStates open(Configuration conf, Path folder, List<String> files) {
    OptimizerStates states = new OptimizerStates(folder.toString());
    boolean opened = false;
    try {
      for (String file : files) {
        SafetensorsReader shard = SafetensorsReader.open(conf, new Path(folder, file));
        states.shards.add(shard);
        for (TensorSpec t : shard.tensors()) states.add(shard, t, file);
      }
      opened = true;
      return states;
    } finally {
      if (!opened) states.close();
    }
  }

  private void add(SafetensorsReader shard, TensorSpec tensor, String file) {
    int at = tensor.name().lastIndexOf('@');
    if (at < 1 || !tensor.name().substring(at + 1).matches("\\d{1,18}") || tensor.shape().length != 1
        || tensor.type() != ElementType.F32) {
      throw new UserError(where + "/" + file + ": " + tensor + " is not a range of an optimizer state");
    }
    String name = tensor.name().substring(0, at);
    Part part = new Part(shard, tensor.name(), Long.parseLong(tensor.name().substring(at + 1)), tensor.count());
    NavigableMap<Long, Part> ranges = parts.computeIfAbsent(name, n -> new TreeMap<>());
    var before = ranges.floorEntry(part.from());
    var after = ranges.ceilingEntry(part.from());
    if (before != null && before.getValue().to() > part.from() || after != null && after.getKey() < part.to()) {
      throw new UserError(where + ": two shards hold the same elements of " + name);
    }
    ranges.put(part.from(), part);
  }

  /** All states, such as {@code exp_avg/transformer.wte.weight}, sorted. */
  public Set<String> names() {
    return parts.keySet();
  }

  /** One past the last stored element of a state; 0 where there is none of that name. */
  public long size(String name) {
    NavigableMap<Long, Part> ranges = parts.get(name);
    return ranges == null ? 0 : ranges.lastEntry().getValue().to();
  }

  /**
   * Reads a range of a state.
   *
   * @param from element within the parameter; @throws UserError when no shard holds some of the elements
   */
  public void read(String name, long from, float[] into, int offset, int count) {
    NavigableMap<Long, Part> ranges = parts.get(name);
    if (ranges == null)
      throw new UserError(
          where + " holds no optimizer state " + name + "; it was written by another optimizer or model");
    int done = 0;
    while (done < count) {
      long at = from + done;
      var entry = ranges.floorEntry(at);
      if (entry == null || entry.getValue().to() <= at)
        throw new UserError(where + " lacks element " + at + " of the optimizer state " + name);
      Part part = entry.getValue();
      int n = (int) Math.min(count - done, part.to() - at);
      part.shard().read(part.tensor(), at - part.from(), into, offset + done, n);
      done += n;
    }
  }

  /**
   * One hash of all states, whatever shards they lie in: {@link WeightsHash} of them as tensors of one dimension. Equal hashes
   * mean that runs go on alike.
   */
  public String sha256() {
    List<TensorSpec> all = parts.keySet().stream().map(name -> TensorSpec.float32(name, size(name))).toList();
    return WeightsHash.sha256(new WeightSource() {
      @Override
      public List<TensorSpec> tensors() {
        return all;
      }

      @Override
      public void read(String name, long from, float[] into, int offset, int count) {
        OptimizerStates.this.read(name, from, into, offset, count);
      }
    });
  }

  /** One state of each tensor as a tensor of the same name, float32. @throws UserError where it is not kept of one */
  WeightSource weights(String state, List<TensorSpec> tensors) {
    for (TensorSpec t : tensors) {
      if (size(state + "/" + t.name()) != t.count())
        throw new UserError(where + " holds no " + state + " of " + t.name() + ": its run did not keep one");
    }
    List<TensorSpec> stored = tensors.stream().map(t -> t.as(ElementType.F32)).toList();
    return new WeightSource() {
      @Override
      public List<TensorSpec> tensors() {
        return stored;
      }

      @Override
      public void read(String name, long from, float[] into, int offset, int count) {
        OptimizerStates.this.read(state + "/" + name, from, into, offset, count);
      }
    };
  }

  @Override
  public void close() {
    shards.forEach(SafetensorsReader::close);
  }
}
