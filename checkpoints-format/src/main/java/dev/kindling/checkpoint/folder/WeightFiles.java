package dev.kindling.checkpoint.folder;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.FileEntry;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.checkpoint.safetensors.SafetensorsReader;
import dev.kindling.checkpoint.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * A model's weights as Hugging Face's files: one, or shards with an index where they are larger than one should be. A
 * tensor is never cut: one that is larger than a shard has a shard of its own.
 */
final class WeightFiles {
  /** As {@code save_pretrained} cut models for long: small enough for every file system and for parallel downloads. */
  static final long SHARD_BYTES = 5_000_000_000L;
  private static final Pattern SHARD = Pattern.compile("model-\\d{5}-of-\\d{5}\\.safetensors");

  private WeightFiles() {
  }

  /** Some of another's tensors. */
  private record Part(WeightSource whole, List<TensorSpec> tensors) implements WeightSource {
    @Override
    public void read(String name, long from, float[] into, int offset, int count) {
      whole.read(name, from, into, offset, count);
    }
  }

  /** Whether a file of that name holds weights or their index. */
  static boolean isOne(String name) {
    return name.equals(SafetensorsReader.FILE) || name.equals(SafetensorsReader.INDEX) || SHARD.matcher(name).matches();
  }

  /** @param shardBytes the most of one file; @return what was written, the index last */
  static List<FileEntry> write(ModelFolderWriter.Destination to, WeightSource weights, ElementType type,
      long shardBytes) throws IOException {
    List<List<TensorSpec>> shards = shards(weights, type, shardBytes);
    List<FileEntry> entries = new ArrayList<>();
    if (shards.size() == 1) {
      entries.add(to.write(SafetensorsReader.FILE, out -> SafetensorsWriter.write(out, weights, type, Map.of())));
      return entries;
    }
    Map<String, String> fileOf = new TreeMap<>();
    for (int i = 0; i < shards.size(); i++) {
      String file = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
      List<TensorSpec> tensors = shards.get(i);
      for (TensorSpec t : tensors) fileOf.put(t.name(), file);
      entries.add(
          to.write(file, out -> SafetensorsWriter.write(out, new Part(weights, tensors), type, Map.of())));
    }
    entries.add(to.write(SafetensorsReader.INDEX, out -> out.write(Json.bytes(index(weights, type, fileOf)))));
    return entries;
  }

  private static List<List<TensorSpec>> shards(WeightSource weights, ElementType type, long shardBytes) {
    List<List<TensorSpec>> shards = new ArrayList<>(List.of(new ArrayList<>()));
    long used = 0;
    for (TensorSpec t : weights.tensors()) {
      long bytes = t.as(type).bytes();
      if (used > 0 && used + bytes > shardBytes) {
        shards.add(new ArrayList<>());
        used = 0;
      }
      shards.get(shards.size() - 1).add(t);
      used += bytes;
    }
    return shards;
  }

  private static ObjectNode index(WeightSource weights, ElementType type, Map<String, String> fileOf) {
    ObjectNode json = Json.object();
    ObjectNode metadata = json.putObject("metadata");
    metadata.put("total_parameters", weights.tensors().stream().mapToLong(TensorSpec::count).sum());
    metadata.put("total_size", weights.tensors().stream().mapToLong(t -> t.as(type).bytes()).sum());
    ObjectNode map = json.putObject("weight_map");
    fileOf.forEach(map::put);
    return json;
  }
}
