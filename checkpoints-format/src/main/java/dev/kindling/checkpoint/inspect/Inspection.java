package dev.kindling.checkpoint.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.checkpoint.WeightsHash;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.checkpoint.commit.Manifest;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.gguf.GgufReader;
import dev.kindling.checkpoint.gguf.GgufTensor;
import dev.kindling.checkpoint.onnx.OnnxNode;
import dev.kindling.checkpoint.onnx.OnnxReader;
import dev.kindling.checkpoint.safetensors.SafetensorsReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What is at a path: a run's folder of checkpoints, a checkpoint, a model folder, a safetensors file or index, an ONNX
 * file or a GGUF file. One structure holds it all; {@link #lines} and {@link #tensorLines} tell it to a person.
 */
public final class Inspection {
  private static final int LONGEST_VALUE = 60;

  private final ObjectNode json = Json.object();

  private Inspection(String kind, Path path) {
    json.put("kind", kind).put("path", path.toString());
  }

  /** @throws UserError when there is nothing at the path, nothing known, or a file that cannot be read for damage */
  public static Inspection of(Configuration conf, Path path) {
    FileSystem fs = Storage.of(conf, path);
    try {
      if (!fs.exists(path)) throw new UserError(path + " does not exist");
      if (!fs.getFileStatus(path).isDirectory()) return ofFile(conf, fs, path);
      if (fs.exists(new Path(path, Manifest.FILE)) || CheckpointStore.isUncommitted(conf, path))
        return ofCheckpoint(conf, path);
      if (fs.exists(new Path(path, ModelConfig.FILE))) return ofModelFolder(conf, path);
      CheckpointStore store = new CheckpointStore(conf, path);
      if (!store.folders().isEmpty()) return ofRun(conf, path, store);
    } catch (IOException e) {
      throw Storage.failed(path, e);
    }
    throw new UserError(
        path + " is nothing known; a checkpoint, a folder of them, a model folder with " + ModelConfig.FILE
            + ", a .safetensors, an .onnx or a .gguf file can be inspected");
  }

  /** Every checkpoint by its manifest, and the model of the newest that is whole. */
  private static Inspection ofRun(Configuration conf, Path path, CheckpointStore store) throws IOException {
    Inspection it = new Inspection("checkpoints of a run", path);
    ArrayNode all = it.json.putArray("checkpoints");
    for (Path folder : store.folders()) {
      ObjectNode one = all.addObject().put("name", folder.getName());
      try {
        Manifest manifest = Checkpoint.read(conf, folder).manifest();
        one.put("step", manifest.step()).put("attempt", manifest.epoch()).put("bytes", manifest.bytes());
      } catch (UserError e) {
        one.put("damage", e.getMessage());
        it.json.put("whole", false);
      }
    }
    Optional<Checkpoint> newest = store.newestWhole();
    it.json.put("newestWhole", newest.map(c -> c.path().getName()).orElse("none"));
    if (newest.isEmpty()) it.json.put("whole", false);
    else it.putCheckpointsModel(newest.get());
    return it;
  }

  private static Inspection ofCheckpoint(Configuration conf, Path path) {
    Inspection it = new Inspection("checkpoint", path);
    Checkpoint checkpoint = Checkpoint.read(conf, path);
    Manifest manifest = checkpoint.manifest();
    it.json.put("step", manifest.step()).put("attempt", manifest.epoch()).put("bytes", manifest.bytes());
    it.json.set("details", manifest.details());
    try {
      checkpoint.verify();
      it.json.put("whole", true);
    } catch (UserError e) {
      it.json.put("whole", false).put("damage", e.getMessage());
      return it;
    }
    it.putCheckpointsModel(checkpoint);
    return it;
  }

  private void putCheckpointsModel(Checkpoint checkpoint) {
    // a network of DL4J's is one file of its own
    if (checkpoint.manifest().files().stream().noneMatch(file -> file.name().equals(ModelConfig.FILE))) return;
    json.put("weightsSha256", checkpoint.manifest().weightsSha256());
    try (ModelFolder folder = checkpoint.model()) {
      putModel(folder);
    }
  }

  private static Inspection ofModelFolder(Configuration conf, Path path) {
    Inspection it = new Inspection("model folder", path);
    try (ModelFolder folder = ModelFolder.open(conf, path)) {
      it.putModel(folder);
      it.json.put("weightsSha256", WeightsHash.sha256(folder.weights()));
    }
    return it;
  }

  private void putModel(ModelFolder folder) {
    json.set("config", folder.config().toJson());
    json.put("tokenizer", folder.tokenizerFile().isPresent());
    putTensors(folder.weights());
  }

  private static Inspection ofFile(Configuration conf, FileSystem fs, Path path) throws IOException {
    String name = path.getName();
    if (name.endsWith(".safetensors") || name.endsWith(".safetensors.index.json")) {
      Inspection it = new Inspection("safetensors", path);
      try (SafetensorsReader reader = SafetensorsReader.open(conf, path)) {
        ObjectNode metadata = it.json.putObject("metadata");
        reader.metadata().forEach(metadata::put);
        it.putTensors(reader);
      }
      return it;
    }
    if (name.endsWith(".onnx")) return ofOnnx(conf, path);
    if (GgufReader.isGguf(fs, path)) return ofGguf(conf, path);
    throw new UserError(path + " is neither a .safetensors nor an .onnx nor a GGUF file");
  }

  private static Inspection ofOnnx(Configuration conf, Path path) {
    Inspection it = new Inspection("ONNX", path);
    try (OnnxReader reader = OnnxReader.open(conf, path)) {
      it.json.put("inputs", String.join(", ", reader.graph().inputs()));
      it.json.put("outputs", String.join(", ", reader.graph().outputs()));
      ObjectNode operators = it.json.putObject("operators");
      for (OnnxNode node : reader.graph().nodes())
        operators.put(node.operator(), operators.path(node.operator()).asInt() + 1);
      it.putTensors(reader);
    }
    return it;
  }

  private static Inspection ofGguf(Configuration conf, Path path) {
    Inspection it = new Inspection("GGUF", path);
    try (GgufReader reader = GgufReader.open(conf, path)) {
      ObjectNode metadata = it.json.putObject("metadata");
      reader.metadata().forEach((key, value) -> metadata.put(key, text(value)));
      ArrayNode tensors = it.json.putArray("tensors");
      long parameters = 0;
      for (GgufTensor t : reader.tensors()) {
        putTensor(tensors, t.name(), t.typeName(), t.shape());
        parameters += t.count();
      }
      it.json.put("parameters", parameters);
    }
    return it;
  }

  private static String text(Object value) {
    if (value instanceof List<?> list) return list.size() + " values";
    String text = String.valueOf(value);
    return text.length() > LONGEST_VALUE ? text.substring(0, LONGEST_VALUE) + "..." : text;
  }

  private void putTensors(WeightSource weights) {
    ArrayNode tensors = json.putArray("tensors");
    ObjectNode types = Json.object();
    long parameters = 0;
    for (TensorSpec t : weights.tensors()) {
      putTensor(tensors, t.name(), t.type().name(), t.shape());
      types.put(t.type().name(), types.path(t.type().name()).asLong() + t.bytes());
      parameters += t.count();
    }
    json.put("parameters", parameters).set("bytesByType", types);
  }

  private static void putTensor(ArrayNode tensors, String name, String type, long[] shape) {
    ArrayNode lengths = tensors.addObject().put("name", name).put("type", type).putArray("shape");
    for (long n : shape) lengths.add(n);
  }

  /** Whether nothing wrong was found. */
  public boolean whole() {
    return json.path("whole").asBoolean(true);
  }

  /** Everything, for machines. */
  public ObjectNode toJson() {
    return json.deepCopy();
  }

  /** Everything but the tensors, for people: one fact a line. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    for (var entry : json.properties()) {
      if (entry.getKey().equals("tensors")) continue;
      if (entry.getKey().equals("checkpoints")) {
        lines.add(entry.getKey());
        entry.getValue().forEach(c -> lines.add(checkpoint(c)));
      } else if (entry.getValue().isObject()) {
        lines.add(entry.getKey());
        for (var inner : entry.getValue().properties()) addFact(lines, inner.getKey(), inner.getValue());
      } else {
        lines.add(fact(entry.getKey(), entry.getValue()));
      }
    }
    return lines;
  }

  /** A fact of a section: a value in a line, in a column of such; or a section's name, and below it what is in it. */
  private static void addFact(List<String> lines, String key, JsonNode value) {
    if (value.isObject()) {
      lines.add("  " + key);
      addYaml(lines, "    ", value);
    } else {
      lines.add(fact("  " + key, value));
    }
  }

  /** A value in a line; a section's below its name. */
  private static void addYaml(List<String> lines, String indent, JsonNode section) {
    for (var entry : section.properties()) {
      boolean isSection = entry.getValue().isObject();
      lines.add(indent + entry.getKey() + ":" + (isSection ? "" : " " + text(entry.getValue())));
      if (isSection) addYaml(lines, indent + "  ", entry.getValue());
    }
  }

  private static String checkpoint(JsonNode one) {
    return "  " + pad(one.path("name").asText(), 28) + " " + (one.has("damage")
        ? one.path("damage").asText()
        : String.format(Locale.ROOT, "step %,d, attempt %d, %,d bytes", one.path("step").asLong(),
            one.path("attempt").asLong(), one.path("bytes").asLong()));
  }

  /** The tensors, for people: name, type and shape of one in a line. */
  public List<String> tensorLines() {
    List<String> lines = new ArrayList<>();
    int widest = 0;
    for (JsonNode t : json.path("tensors")) widest = Math.max(widest, t.path("name").asText().length());
    for (JsonNode t : json.path("tensors")) {
      lines.add("  " + pad(t.path("name").asText(), widest) + "  " + pad(t.path("type").asText(), 4) + "  "
          + t.path("shape").toString().replace(",", ", "));
    }
    return lines;
  }

  private static String fact(String key, JsonNode value) {
    return pad(key, 30) + " "
        + (value.isIntegralNumber() ? String.format(Locale.ROOT, "%,d", value.asLong()) : text(value));
  }

  private static String text(JsonNode value) {
    return value.isTextual() ? value.asText() : value.toString();
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(Math.max(0, width - text.length()));
  }
}
