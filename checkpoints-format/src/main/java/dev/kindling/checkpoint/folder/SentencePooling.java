package dev.kindling.checkpoint.folder;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * How an encoder's hidden states become one embedding of a text, as sentence-transformers keeps it beside the model
 * (Reimers and Gurevych 2019, arXiv:1908.10084): {@code modules.json} lists a pooling and perhaps a normalisation,
 * {@code sentence_bert_config.json} where longer texts are cut.
 *
 * @param normalized whether embeddings are divided by their length; @param longest tokens of a text, or 0 for the
 *   model's own limit
 */
public record SentencePooling(Kind kind, boolean normalized, int longest) {
  static final String MODULES = "modules.json", FOLDER = "1_Pooling", LENGTH = "sentence_bert_config.json";
  /** What may be in a folder of ours, at its top. */
  static final Set<String> FILES = Set.of(MODULES, FOLDER, LENGTH);
  private static final String PREFIX = "pooling_mode_", TYPE = "sentence_transformers.models.";

  /** Which hidden states are taken. */
  public enum Kind {
    /** The mean of all tokens. */
    MEAN("mean_tokens"),
    /** The first token's, BERT's {@code [CLS]}. */
    FIRST("cls_token");

    private final String mode;

    Kind(String mode) {
      this.mode = mode;
    }
  }

  /** @return empty where the folder says nothing of it; @throws UserError for what is not computed here */
  static Optional<SentencePooling> read(FileSystem fs, Path folder) {
    Path modules = new Path(folder, MODULES);
    if (!Storage.exists(fs, modules)) return Optional.empty();
    Kind kind = null;
    boolean normalized = false;
    for (JsonNode module : Json.parseArray(Storage.readSmall(fs, modules, 1 << 20), modules.toString())) {
      String type = module.path("type").asText("");
      String name = type.substring(type.lastIndexOf('.') + 1);
      switch (name) {
        case "Transformer" -> {
        }
        case "Pooling" -> kind = kind(fs, new Path(folder, folderOf(module, modules) + "/config.json"));
        case "Normalize" -> normalized = true;
        default -> throw new UserError(
            modules + " has a module " + type + "; Transformer, Pooling and Normalize are computed");
      }
    }
    if (kind == null) throw new UserError(modules + " has no module " + TYPE + "Pooling; one is needed for embeddings");
    return Optional.of(new SentencePooling(kind, normalized, longest(fs, new Path(folder, LENGTH))));
  }

  private static String folderOf(JsonNode module, Path modules) {
    String path = module.path("path").asText();
    if (!path.matches("[\\w-]+"))
      throw new UserError(modules + ": path is " + module.path("path") + "; it must be a folder beside the file");
    return path;
  }

  private static Kind kind(FileSystem fs, Path file) {
    ObjectNode json = Json.parse(Storage.readSmall(fs, file, 1 << 20), file.toString());
    List<String> on = new ArrayList<>();
    for (var entry : json.properties()) {
      if (entry.getKey().startsWith(PREFIX) && entry.getValue().asBoolean()) on.add(entry.getKey());
    }
    for (Kind kind : Kind.values()) { if (on.equals(List.of(PREFIX + kind.mode))) return kind; }
    throw new UserError(file + " pools by " + on + "; either " + PREFIX + Kind.MEAN.mode + " or " + PREFIX
        + Kind.FIRST.mode + " is computed");
  }

  private static int longest(FileSystem fs, Path file) {
    if (!Storage.exists(fs, file)) return 0;
    JsonNode length = Json.parse(Storage.readSmall(fs, file, 1 << 20), file.toString()).path("max_seq_length");
    if (length.isMissingNode() || length.isNull()) return 0;
    if (!length.isIntegralNumber() || !length.canConvertToInt() || length.intValue() < 1)
      throw new UserError(file + ": max_seq_length is " + length + "; it must be a whole number above 0");
    return length.intValue();
  }

  /** The files that say so, by their names in the folder. @param width of the embeddings */
  Map<String, ModelFolderWriter.Content> files(int width) {
    var modules = Json.array();
    addModule(modules.addObject(), 0, "", "Transformer");
    addModule(modules.addObject(), 1, FOLDER, "Pooling");
    if (normalized) addModule(modules.addObject(), 2, "2_Normalize", "Normalize");
    ObjectNode pooling = Json.object().put("word_embedding_dimension", width);
    for (String mode : new String[]{"cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens"})
      pooling.put(PREFIX + mode, mode.equals(kind.mode));
    Map<String, ModelFolderWriter.Content> all = new LinkedHashMap<>();
    all.put(MODULES, out -> out.write(Json.bytes(modules)));
    all.put(FOLDER + "/config.json", out -> out.write(Json.bytes(pooling)));
    if (longest > 0) {
      ObjectNode length = Json.object().put("max_seq_length", longest).put("do_lower_case", false);
      all.put(LENGTH, out -> out.write(Json.bytes(length)));
    }
    return all;
  }

  private static void addModule(ObjectNode module, int index, String path, String name) {
    module.put("idx", index).put("name", Integer.toString(index)).put("path", path).put("type", TYPE + name);
  }
}
