package dev.kindling.checkpoint.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolderWriter;
import dev.kindling.checkpoint.folder.SentencePooling;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Turns an ONNX file into a model folder of Hugging Face's layout.
 *
 * @param tokenizer a {@code tokenizer.json}, or null for a folder without
 * @param heads of the model's attention, or 0 where the graph is to tell
 * @param pooling which the folder is to say; an ONNX file says nothing of it
 */
public record OnnxImport(Path model, Path tokenizer, int heads, SentencePooling pooling) {
  private static final int LARGEST_TOKENIZER = 1 << 28;

  /**
   * @param folder new, empty or of an older export or import, which is replaced; @return what was found
   * @throws UserError for a file that is damaged or no plain BERT, a tokenizer of another vocabulary, or a folder that
   * holds something else
   */
  public Found write(Configuration conf, Path folder) throws IOException {
    try (OnnxReader file = OnnxReader.open(conf, model)) {
      OnnxBert bert = OnnxBert.of(file, heads);
      Words words = tokenizer == null ? new Words(null, 0) : words(conf, bert.config());
      ModelFolderWriter.export(conf, folder, bert.config(), bert.weights(), words.json(), pooling, ElementType.F32);
      return new Found(bert.config(), words.ids());
    }
  }

  /** A model, and how many ids its tokenizer has; 0 without one. */
  public record Found(BertConfig config, long tokens) {}

  /** A tokenizer's file, and one more than its largest id. */
  private record Words(String json, long ids) {}

  /**
   * Ids that the model has no row for prove that the tokenizer is another's. Fewer ids than rows prove nothing: many models have
   * rows to spare.
   */
  private Words words(Configuration conf, BertConfig config) {
    byte[] bytes = Storage.readSmall(Storage.of(conf, tokenizer), tokenizer, LARGEST_TOKENIZER);
    ObjectNode json = Json.parse(bytes, tokenizer.toString());
    if (!json.path("model").isObject())
      throw new UserError(tokenizer + " is no tokenizer of Hugging Face's: model is missing");
    long ids = ids(json);
    if (ids > config.vocabularySize())
      throw new UserError(String.format(Locale.ROOT,
          "%s has ids up to %,d, a vocabulary of %,d; the model's embedding has %,d rows: it is another model's tokenizer; "
              + "give the one that the model was trained with",
          tokenizer, ids - 1, ids, config.vocabularySize()));
    return new Words(new String(bytes, StandardCharsets.UTF_8), ids);
  }

  /** One more than the largest id: of tokens, and of what is put around texts. Pieces of a unigram model are a list, in order. */
  private static long ids(ObjectNode json) {
    JsonNode vocabulary = json.path("model").path("vocab");
    long largest = vocabulary.isArray() ? vocabulary.size() - 1 : -1;
    if (vocabulary.isObject()) for (JsonNode id : vocabulary) largest = Math.max(largest, id.asLong(-1));
    for (JsonNode added : json.path("added_tokens")) largest = Math.max(largest, added.path("id").asLong(-1));
    JsonNode around = json.path("post_processor");
    for (JsonNode special : around.path("special_tokens"))
      for (JsonNode id : special.path("ids")) largest = Math.max(largest, id.asLong(-1));
    for (String end : List.of("cls", "sep")) largest = Math.max(largest, around.path(end).path(1).asLong(-1));
    return largest + 1;
  }
}
