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

  /** A file that is to be written. @param part who writes it, as {@link WeightParts} has it */
  private record Planned(String name, int part, List<TensorSpec> tensors) {}

  /** Some of another's tensors. */
  private record Some(WeightSource whole, List<TensorSpec> tensors) implements WeightSource {
    @Override
    public void read(String name, long from, float[] into, int offset, int count) {
      whole.read(name, from, into, offset, count);
    }
  }

  /** Whether a file of that name holds weights or their index. */
  static boolean isOne(String name) {
    return name.equals(SafetensorsReader.FILE) || name.equals(SafetensorsReader.INDEX) || SHARD.matcher(name).matches();
  }

  /** Writes one part's files. @param shardBytes the most of one file */
  static List<FileEntry> write(ModelFolderWriter.Destination to, WeightSource weights, ElementType type,
      long shardBytes, WeightParts parts, int part) throws IOException {
    List<FileEntry> entries = new ArrayList<>();
    for (Planned file : plan(weights.tensors(), type, shardBytes, parts)) {
      if (file.part != part) continue;
      Some some = new Some(weights, file.tensors);
      entries.add(to.write(file.name, out -> SafetensorsWriter.write(out, some, type, Map.of())));
    }
    return entries;
  }

  /** Writes what names the files, where there are several. @return none or one */
  static List<FileEntry> writeIndex(ModelFolderWriter.Destination to, List<TensorSpec> tensors, ElementType type,
      long shardBytes, WeightParts parts) throws IOException {
    List<Planned> files = plan(tensors, type, shardBytes, parts);
    if (files.size() <= 1) return List.of();
    byte[] index = Json.bytes(index(tensors, type, files));
    return List.of(to.write(SafetensorsReader.INDEX, out -> out.write(index)));
  }

  /** All parts' files, in the order of their numbers. */
  private static List<Planned> plan(List<TensorSpec> tensors, ElementType type, long shardBytes, WeightParts parts) {
    List<Planned> files = new ArrayList<>();
    for (int part = 0; part < parts.count(); part++) {
      for (List<TensorSpec> shard : shards(parts.tensors(tensors, part), type, shardBytes)) {
        files.add(new Planned(SafetensorsReader.FILE, part, shard));
      }
    }
    if (files.size() <= 1) return files;
    List<Planned> numbered = new ArrayList<>();
    for (Planned file : files) {
      String name = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", numbered.size() + 1, files.size());
      numbered.add(new Planned(name, file.part, file.tensors));
    }
    return numbered;
  }

  private static List<List<TensorSpec>> shards(List<TensorSpec> tensors, ElementType type, long shardBytes) {
    List<List<TensorSpec>> shards = new ArrayList<>();
    long used = 0;
    for (TensorSpec t : tensors) {
      long bytes = t.as(type).bytes();
      if (shards.isEmpty() || used > 0 && used + bytes > shardBytes) {
        shards.add(new ArrayList<>());
        used = 0;
      }
      shards.get(shards.size() - 1).add(t);
      used += bytes;
    }
    return shards;
  }

  private static ObjectNode index(List<TensorSpec> tensors, ElementType type, List<Planned> files) {
    Map<String, String> fileOf = new TreeMap<>();
    for (Planned file : files) { for (TensorSpec t : file.tensors) fileOf.put(t.name(), file.name); }
    ObjectNode json = Json.object();
    ObjectNode metadata = json.putObject("metadata");
    metadata.put("total_parameters", tensors.stream().mapToLong(TensorSpec::count).sum());
    metadata.put("total_size", tensors.stream().mapToLong(t -> t.as(type).bytes()).sum());
    ObjectNode map = json.putObject("weight_map");
    fileOf.forEach(map::put);
    return json;
  }
}
