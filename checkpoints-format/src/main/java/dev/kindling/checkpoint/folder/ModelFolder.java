package dev.kindling.checkpoint.folder;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightSource;
import dev.kindling.checkpoint.safetensors.SafetensorsReader;
import java.io.Closeable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A model that somebody saved in Hugging Face's layout: this project's checkpoints, its exports, or what
 * {@code save_pretrained} wrote. Opening it checks the configuration and that every weight is there with its shape.
 */
public final class ModelFolder implements Closeable {
  public static final String TOKENIZER = "tokenizer.json", TOKENIZER_CONFIG = "tokenizer_config.json",
      GENERATION_CONFIG = "generation_config.json";

  private final FileSystem fs;
  private final Path path;
  private final ModelConfig config;
  private final Runnable closing;
  private final WeightSource stored;             // by whatever names
  private final WeightSource weights;

  private ModelFolder(FileSystem fs, Path path, ModelConfig config, Runnable closing, WeightSource stored,
      WeightSource weights) {
    this.fs = fs;
    this.path = path;
    this.config = config;
    this.closing = closing;
    this.stored = stored;
    this.weights = weights;
  }

  /** @throws UserError naming the file and what is wrong with it */
  public static ModelFolder open(Configuration conf, Path path) {
    FileSystem fs = Storage.of(conf, path);
    if (!Storage.exists(fs, path))
      throw new UserError(path + " does not exist; a folder with config.json and model.safetensors is needed");
    ModelConfig told = ModelConfig.read(conf, path);
    SafetensorsReader files = SafetensorsReader.open(conf, path);
    try {
      ModelConfig config = told.found(files);
      return new ModelFolder(fs, path, config, files::close, files, named(config, files, path.toString()));
    } catch (UserError e) {
      files.close();
      throw e;
    }
  }

  /**
   * The weights that the configuration asks for, under its names: whatever prefix they have, and without what is no
   * weight.
   *
   * @param where the file or folder, for errors; @throws UserError naming a tensor that is missing or has another shape
   */
  public static WeightSource named(ModelConfig config, WeightSource stored, String where) {
    return NamedWeights.of(config, stored, where);
  }

  /** This model with other weights under the same names. @param closing run when the result is closed, as this is */
  public ModelFolder withWeights(WeightSource other, Runnable closing) {
    return new ModelFolder(fs, path, config, () -> {
      this.closing.run();
      closing.run();
    }, other, other);
  }

  /** The same files as another model's, such as an encoder's without the head that they have; open as long as this is. */
  public ModelFolder as(ModelConfig other) {
    ModelConfig found = other.found(stored);
    return new ModelFolder(fs, path, found, () -> {}, stored, named(found, stored, path.toString()));
  }

  public Path path() {
    return path;
  }

  public ModelConfig config() {
    return config;
  }

  /** Exactly {@link ModelConfig#tensors()}, by those names, each in the type it is stored in. */
  public WeightSource weights() {
    return weights;
  }

  /** The tokenizer's file, where there is one. */
  public Optional<Path> tokenizerFile() {
    Path file = new Path(path, TOKENIZER);
    return Storage.exists(fs, file) ? Optional.of(file) : Optional.empty();
  }

  /** The tokenizer's file as text, where there is one. */
  public Optional<String> tokenizerJson() {
    return tokenizerFile().map(file -> new String(Storage.readSmall(fs, file, 1 << 28), StandardCharsets.UTF_8));
  }

  /** How hidden states become embeddings, where the folder tells. @throws UserError for what is not computed here */
  public Optional<SentencePooling> pooling() {
    return SentencePooling.read(fs, path);
  }

  /** Ids that end a text: {@code generation_config.json}'s, one or a list, else the model configuration's. */
  public List<Integer> endTokens() {
    Path file = new Path(path, GENERATION_CONFIG);
    if (!Storage.exists(fs, file)) return config.endTokens();
    JsonNode value = Json.parse(Storage.readSmall(fs, file, 1 << 24), file.toString()).path("eos_token_id");
    if (value.isMissingNode() || value.isNull()) return config.endTokens();
    List<Integer> ids = new ArrayList<>();
    for (JsonNode id : value.isArray() ? value : List.of(value)) {
      if (!id.isIntegralNumber() || !id.canConvertToInt()) {
        throw new UserError(file + ": eos_token_id is " + value + "; it must be a token id or a list of them");
      }
      ids.add(id.intValue());
    }
    return ids;
  }

  @Override
  public void close() {
    closing.run();
  }
}
