package dev.kindling.checkpoint.safetensors;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Tensors in safetensors files: one file, or shards that a {@code model.safetensors.index.json} lists. All headers are
 * checked when it is opened; values are read at positions, by any number of threads. A damaged file is a
 * {@link UserError} that names it.
 */
public final class SafetensorsReader implements WeightSource, Closeable {
  public static final String FILE = "model.safetensors", INDEX = "model.safetensors.index.json";

  private final List<SafetensorsFile> files;
  private final Map<String, SafetensorsFile> fileOf;

  private SafetensorsReader(List<SafetensorsFile> files, Map<String, SafetensorsFile> fileOf) {
    this.files = files;
    this.fileOf = fileOf;
  }

  /** @param path a {@code .safetensors} file, an index, or a folder with {@link #FILE} or {@link #INDEX} in it */
  public static SafetensorsReader open(Configuration conf, Path path) {
    FileSystem fs = Storage.of(conf, path);
    if (path.getName().endsWith(".json")) return openIndex(fs, path);
    if (isFolder(fs, path)) {
      if (Storage.exists(fs, new Path(path, FILE))) return openFile(fs, new Path(path, FILE));
      if (Storage.exists(fs, new Path(path, INDEX))) return openIndex(fs, new Path(path, INDEX));
      throw new UserError(path + " holds neither " + FILE + " nor " + INDEX);
    }
    return openFile(fs, path);
  }

  private static boolean isFolder(FileSystem fs, Path path) {
    try {
      return fs.exists(path) && fs.getFileStatus(path).isDirectory();
    } catch (IOException e) {
      throw Storage.failed(path, e);
    }
  }

  private static SafetensorsReader openFile(FileSystem fs, Path path) {
    SafetensorsFile file = SafetensorsFile.open(fs, path);
    Map<String, SafetensorsFile> fileOf = new LinkedHashMap<>();
    file.header().tensors().keySet().forEach(name -> fileOf.put(name, file));
    return new SafetensorsReader(List.of(file), fileOf);
  }

  private static SafetensorsReader openIndex(FileSystem fs, Path index) {
    JsonNode map = Json.parse(Storage.readSmall(fs, index, SafetensorsHeader.LIMIT), index.toString())
        .path("weight_map");
    if (!map.isObject())
      throw new UserError(index + ": weight_map is missing; it must be an object of tensor names and files");
    Map<String, SafetensorsFile> byFile = new LinkedHashMap<>(), fileOf = new LinkedHashMap<>();
    SafetensorsReader reader = null;
    try {
      for (var entry : map.properties()) {
        String name = entry.getKey(), shard = shardName(index, entry.getValue());
        SafetensorsFile file = byFile.computeIfAbsent(shard,
            s -> SafetensorsFile.open(fs, new Path(index.getParent(), s)));
        if (!file.header().tensors().containsKey(name)) {
          throw new UserError(
              file.path() + " lacks the tensor " + name + ", which " + index.getName() + " says it holds");
        }
        fileOf.put(name, file);
      }
      reader = new SafetensorsReader(List.copyOf(byFile.values()), fileOf);
      return reader;
    } finally {
      if (reader == null) new SafetensorsReader(List.copyOf(byFile.values()), fileOf).closeAll();
    }
  }

  private static String shardName(Path index, JsonNode value) {
    String name = value.asText("");
    if (!value.isTextual() || name.isEmpty() || name.matches(".*[/\\\\:].*") || name.equals("..") || name.equals(".")) {
      throw new UserError(index + ": weight_map names the file " + value + "; it must be a file beside the index");
    }
    return name;
  }

  /** In the order of the data. */
  @Override
  public List<TensorSpec> tensors() {
    List<TensorSpec> all = new ArrayList<>(fileOf.size());
    fileOf.forEach((name, file) -> all.add(file.header().tensors().get(name).spec()));
    return all;
  }

  @Override
  public TensorSpec find(String name) {
    SafetensorsFile file = fileOf.get(name);
    return file == null ? null : file.header().tensors().get(name).spec();
  }

  /** The free strings of the first file; empty where there are none. */
  public Map<String, String> metadata() {
    return files.isEmpty() ? Map.of() : files.get(0).header().metadata();
  }

  @Override
  public void read(String name, long from, float[] into, int offset, int count) {
    file(name).tensor(name).read(from, into, offset, count);
  }

  /** Reads a tensor of whole numbers, I64 or I32. */
  public void readLongs(String name, long from, long[] into, int offset, int count) {
    file(name).tensor(name).read(from, into, offset, count);
  }

  /** All of a tensor of whole numbers; for small ones. */
  public long[] readLongs(String name) {
    long[] all = new long[Math.toIntExact(file(name).header().tensors().get(name).spec().count())];
    readLongs(name, 0, all, 0, all.length);
    return all;
  }

  private SafetensorsFile file(String name) {
    SafetensorsFile file = fileOf.get(name);
    if (file == null) throw new IllegalArgumentException("no tensor " + name);
    return file;
  }

  private void closeAll() {
    for (SafetensorsFile file : files) {
      try {
        file.close();
      } catch (IOException e) {
        // Read-only: nothing is lost.
      }
    }
  }

  @Override
  public void close() {
    closeAll();
  }
}
