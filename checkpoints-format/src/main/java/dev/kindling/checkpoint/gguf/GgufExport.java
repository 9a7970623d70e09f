package dev.kindling.checkpoint.gguf;

import dev.kindling.checkpoint.FileEntry;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.PendingFile;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Writes a model folder as one GGUF file that llama.cpp loads, its tokenizer inside. */
public final class GgufExport {
  private GgufExport() {
  }

  /**
   * @param target the file; written under a temporary name, then renamed; @param type what matrices are stored in
   * @throws UserError when the folder has no tokenizer or one that llama.cpp does not know, or when something other than
   *   a GGUF file is at the target
   */
  public static FileEntry write(Configuration conf, ModelFolder folder, Path target, GgufType type) throws IOException {
    FileSystem fs = Storage.of(conf, target);
    if (Storage.exists(fs, target) && !GgufReader.isGguf(fs, target))
      throw new UserError(target + " is there and is no GGUF file; give a new name, or a GGUF file to replace");
    ModelConfig config = folder.config();
    if (config instanceof LlamaConfig llama) LlamaTensors.requireKnown(llama, folder.path().toString());
    else if (!(config instanceof Gpt2Config)) throw unknown(folder);
    String tokenizer = folder.tokenizerJson().orElseThrow(() -> new UserError(
        folder.path() + " has no " + ModelFolder.TOKENIZER + "; a GGUF file holds its tokenizer"));
    String where = new Path(folder.path(), ModelFolder.TOKENIZER).toString();
    GgufVocabulary vocabulary = GgufVocabulary.parse(tokenizer, config.vocabularySize(), where);
    String name = new Path(folder.path().toString()).getName();        // that of a URI with a slash at its end is empty
    Map<String, Object> metadata = general(config, type, name);
    putTokenizer(metadata, vocabulary, config.beginToken(), folder.endTokens());
    try (PendingFile out = PendingFile.create(fs, target)) {
      GgufWriter.write(out, metadata, tensors(config, folder, type));
      return out.commit(target.getName());
    }
  }

  private static UserError unknown(ModelFolder folder) {
    return new UserError(folder.path() + ": GGUF is written of gpt2, llama, mistral and qwen2; this model is "
        + folder.config().family() + ": export it with hf and convert it with llama.cpp's own tools");
  }

  private static List<GgufWriter.Tensor> tensors(ModelConfig config, ModelFolder folder, GgufType type) {
    return config instanceof LlamaConfig llama
        ? LlamaTensors.of(llama, folder.weights(), type)
        : Gpt2Tensors.of((Gpt2Config) config, folder.weights(), type);
  }

  private static Map<String, Object> general(ModelConfig config, GgufType type, String name) {
    LlamaConfig llama = config instanceof LlamaConfig is ? is : null;
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("general.architecture", llama == null ? "gpt2" : LlamaTensors.architecture(llama));
    all.put("general.type", "model");
    all.put("general.name", name);
    all.put("general.file_type", type.fileType());
    all.put("general.quantization_version", 2);
    all.putAll(llama == null ? metadata((Gpt2Config) config) : LlamaTensors.metadata(llama));
    return all;
  }

  private static Map<String, Object> metadata(Gpt2Config config) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("gpt2.context_length", config.contextLength());
    all.put("gpt2.embedding_length", config.width());
    all.put("gpt2.feed_forward_length", config.innerWidth());
    all.put("gpt2.block_count", config.layers());
    all.put("gpt2.attention.head_count", config.heads());
    all.put("gpt2.attention.layer_norm_epsilon", config.layerNormEpsilon());
    return all;
  }

  private static void putTokenizer(Map<String, Object> all, GgufVocabulary vocabulary, int begin, List<Integer> end) {
    int size = vocabulary.tokens().size();
    all.put("tokenizer.ggml.model", "gpt2");
    all.put("tokenizer.ggml.pre", "gpt-2");
    all.put("tokenizer.ggml.tokens", vocabulary.tokens());
    all.put("tokenizer.ggml.token_type", vocabulary.kinds());
    all.put("tokenizer.ggml.merges", vocabulary.merges());
    if (begin >= 0 && begin < size) all.put("tokenizer.ggml.bos_token_id", begin);
    if (!end.isEmpty() && end.get(0) >= 0 && end.get(0) < size) all.put("tokenizer.ggml.eos_token_id", end.get(0));
    all.put("tokenizer.ggml.add_bos_token", false);
  }
}
