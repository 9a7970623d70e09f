package dev.kindling.checkpoint.folder;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.FileEntry;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.PendingFile;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Writes a model in Hugging Face's layout: exports and the model's part of checkpoints go through here alike. */
public final class ModelFolderWriter {
  /** Marks a folder that {@link #export} may write again; written before all else and never changed. */
  public static final String MARK = "kindling-export.json";
  private static final Set<String> OURS = Set.of(MARK, ModelConfig.FILE, ModelFolder.TOKENIZER,
      ModelFolder.TOKENIZER_CONFIG, ModelFolder.GENERATION_CONFIG);

  private static final List<String> GENERATION_TOKENS = List.of("bos_token_id", "eos_token_id", "pad_token_id",
      "decoder_start_token_id");

  private ModelFolderWriter() {
  }

  /** What goes into one file. */
  @FunctionalInterface
  public interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /** Where the files go. */
  @FunctionalInterface
  public interface Destination {
    FileEntry write(String name, Content content) throws IOException;
  }

  /** Writes a copy of a model. @throws UserError when the folder is the model's own or holds something else */
  public static List<FileEntry> export(Configuration conf, Path folder, ModelFolder model, ElementType type)
      throws IOException {
    if (Storage.same(conf, folder, model.path()))
      throw new UserError(folder + " is the model that is read; give another folder to write into");
    return export(conf, folder, model.config(), model.weights(), model.tokenizerJson().orElse(null),
        model.config() instanceof BertConfig ? model.pooling().orElse(null) : null, type);
  }

  /** The same without a pooling. */
  public static List<FileEntry> export(Configuration conf, Path folder, ModelConfig config, WeightSource weights,
      String tokenizerJson, ElementType type) throws IOException {
    return export(conf, folder, config, weights, tokenizerJson, null, type);
  }

  /**
   * Writes a model folder for others to load: all files under temporary names first, so that an older export stays as it
   * is where weights cannot be read or written; then they take its place, the configuration last, so that what is not
   * finished does not load.
   *
   * @param folder new, empty or of an older export, which is replaced
   * @param tokenizerJson or null; @param pooling how an encoder's states become embeddings, or null
   * @param type what weights are stored in: F32, F16 or BF16; @throws UserError when the folder holds something else
   */
  public static List<FileEntry> export(Configuration conf, Path folder, ModelConfig config, WeightSource weights,
      String tokenizerJson, SentencePooling pooling, ElementType type) throws IOException {
    FileSystem fs = Storage.of(conf, folder);
    boolean older = isOlderExport(fs, folder);
    if (!older) mark(fs, folder);
    try (StagedFiles to = new StagedFiles(fs, folder)) {
      if (pooling != null && config instanceof BertConfig encoder) {
        for (var file : pooling.files(encoder.width()).entrySet()) to.write(file.getKey(), file.getValue());
      }
      List<FileEntry> entries = write(to, config, weights, TokenizerFiles.of(config, tokenizerJson), type);
      if (older) clear(fs, folder, tokenizerJson != null);
      to.publish();
      return entries;
    }
  }

  private static void mark(FileSystem fs, Path folder) throws IOException {
    try (PendingFile out = PendingFile.create(fs, new Path(folder, MARK))) {
      out.write(Json.bytes(Json.object().put("format", "kindling-export").put("version", 1)));
      out.commit(MARK);
    }
  }

  /** Deletes what a new export would not replace: another number of shards would leave some of the older ones. */
  private static void clear(FileSystem fs, Path folder, boolean tokenizer) throws IOException {
    fs.delete(new Path(folder, ModelConfig.FILE), false);
    for (FileStatus s : fs.listStatus(folder)) {
      String name = s.getPath().getName();
      if (WeightFiles.isOne(name) || s.isFile() && SentencePooling.FILES.contains(name)) fs.delete(s.getPath(), false);
    }
    if (tokenizer) return;
    fs.delete(new Path(folder, ModelFolder.TOKENIZER), false);
    fs.delete(new Path(folder, ModelFolder.TOKENIZER_CONFIG), false);
  }

  /**
   * Whether it has our mark, without which it must be new or empty: the files of an export have the names of any model
   * of Hugging Face's.
   */
  private static boolean isOlderExport(FileSystem fs, Path folder) throws IOException {
    if (!fs.exists(folder)) return false;
    if (!fs.getFileStatus(folder).isDirectory()) throw new UserError(folder + " is a file; give a folder");
    boolean marked = fs.exists(new Path(folder, MARK));
    for (FileStatus s : fs.listStatus(folder)) {
      String name = s.getPath().getName();
      if (name.startsWith(".") || marked && isOurs(name)) continue;
      throw new UserError(folder + " holds something else, " + name + "; give a new or an empty folder, or one that an "
          + "older export wrote" + (marked ? "" : " (it has a " + MARK + ")"));
    }
    return marked;
  }

  private static boolean isOurs(String name) {
    return OURS.contains(name) || WeightFiles.isOne(name) || SentencePooling.FILES.contains(name);
  }

  /** Writes the files of a model; a tied model's head is left out. */
  public static List<FileEntry> write(Destination to, ModelConfig config, WeightSource weights,
      TokenizerFiles tokenizer, ElementType type) throws IOException {
    return write(to, config, weights, tokenizer, type, WeightFiles.SHARD_BYTES);
  }

  /** The same. @param shardBytes the most of one file of weights */
  public static List<FileEntry> write(Destination to, ModelConfig config, WeightSource weights,
      TokenizerFiles tokenizer, ElementType type, long shardBytes) throws IOException {
    WeightSource named = ModelFolder.named(config, weights, "the model to be written");
    List<FileEntry> entries = new ArrayList<>(WeightFiles.write(to, named, type, shardBytes, WeightParts.WHOLE, 0));
    entries.addAll(WeightFiles.writeIndex(to, named.tensors(), type, shardBytes, WeightParts.WHOLE));
    entries.addAll(writeRest(to, config, tokenizer, type));
    return entries;
  }

  /** Writes one writer's files of weights alone. @param weights of which its own are read */
  public static List<FileEntry> writeWeights(Destination to, WeightSource weights, WeightParts parts, int part,
      ElementType type) throws IOException {
    return WeightFiles.write(to, weights, type, WeightFiles.SHARD_BYTES, parts, part);
  }

  /** Writes all files of a model but those of {@link #writeWeights}. @param tensors those of all parts */
  public static List<FileEntry> writeRest(Destination to, ModelConfig config, List<TensorSpec> tensors,
      WeightParts parts, TokenizerFiles tokenizer, ElementType type) throws IOException {
    List<FileEntry> entries = new ArrayList<>(
        WeightFiles.writeIndex(to, tensors, type, WeightFiles.SHARD_BYTES, parts));
    entries.addAll(writeRest(to, config, tokenizer, type));
    return entries;
  }

  private static List<FileEntry> writeRest(Destination to, ModelConfig config, TokenizerFiles tokenizer,
      ElementType type) throws IOException {
    List<FileEntry> entries = new ArrayList<>(tokenizer.write(to));
    entries.add(to.write(ModelFolder.GENERATION_CONFIG, out -> out.write(Json.bytes(generationConfig(config)))));
    entries.add(to.write(ModelConfig.FILE, out -> out.write(Json.bytes(config.toJson(type)))));
    return entries;
  }

  private static ObjectNode generationConfig(ModelConfig config) {
    ObjectNode json = Json.object(), all = config.toJson();
    json.put("_from_model_config", true);
    for (String token : GENERATION_TOKENS) if (all.has(token)) json.set(token, all.get(token));
    return json;
  }
}
