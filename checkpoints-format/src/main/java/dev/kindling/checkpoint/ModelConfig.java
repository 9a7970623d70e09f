package dev.kindling.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** What a model is made of, as Hugging Face's {@code config.json} tells it; one record for families that are alike. */
public sealed interface ModelConfig permits DecoderConfig, BertConfig, T5Config {
  /** The file's name in every model folder. */
  String FILE = "config.json";

  /** Hugging Face's {@code model_type}. */
  String family();

  int vocabularySize();

  /** The most tokens of a sequence. */
  int contextLength();

  /** Whether the head's matrix is the token embedding's. */
  boolean tiedHead();

  /** {@code bos_token_id}, or -1. */
  int beginToken();

  /** What is dropped out while the model learns. */
  DropoutRates dropout();

  /** The same with other rates, of which a family takes those that it has a place for. */
  ModelConfig withDropout(DropoutRates rates);

  /** Ids that end a text; may be empty. */
  List<Integer> endTokens();

  /**
   * Every tensor that a file must hold, in the model's order, float32. A tied head is not among them; an untied one is
   * the last.
   */
  List<TensorSpec> tensors();

  /** How files of the family name their weights, other than {@link #tensors} does. */
  WeightNames names();

  /** The same where {@code config.json} told all; else with what the weights beside it tell. @param stored by any names */
  default ModelConfig found(WeightSource stored) {
    return this;
  }

  /** All parameters, a tied one counted once. */
  default long parameters() {
    return tensors().stream().mapToLong(TensorSpec::count).sum();
  }

  /**
   * @param type what the weights are stored in; @return a {@code config.json} that Hugging Face's transformers loads
   */
  ObjectNode toJson(ElementType type);

  default ObjectNode toJson() {
    return toJson(ElementType.F32);
  }

  /**
   * Reads a {@code config.json}.
   *
   * @param path the file or the folder that holds it; @throws UserError naming the file, the key, what was found, what
   *   is allowed
   */
  static ModelConfig read(Configuration conf, Path path) {
    var fs = Storage.of(conf, path);
    Path file = path.getName().endsWith(".json") ? path : new Path(path, FILE);
    return parse(Json.parse(Storage.readSmall(fs, file, 1 << 24), file.toString()), file.toString());
  }

  /** @param where what an error calls it */
  static ModelConfig parse(ObjectNode json, String where) {
    return ModelFamilies.parse(new ConfigKeys(json, where));
  }
}
