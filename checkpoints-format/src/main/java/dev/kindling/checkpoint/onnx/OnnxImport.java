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
  public BertConfig write(Configuration conf, Path folder) throws IOException {
    try (OnnxReader file = OnnxReader.open(conf, model)) {
      OnnxBert bert = OnnxBert.of(file, heads);
      ModelFolderWriter.export(conf, folder, bert.config(), bert.weights(), tokenizer(conf, bert.config()), pooling,
          ElementType.F32);
      return bert.config();
    }
  }

  private String tokenizer(Configuration conf, BertConfig config) {
    if (tokenizer == null) return null;
    byte[] bytes = Storage.readSmall(Storage.of(conf, tokenizer), tokenizer, LARGEST_TOKENIZER);
    ObjectNode json = Json.parse(bytes, tokenizer.toString());
    if (!json.path("model").isObject())
      throw new UserError(tokenizer + " is no tokenizer of Hugging Face's: model is missing");
    long largest = -1;
    for (JsonNode id : json.path("model").path("vocab")) largest = Math.max(largest, id.asLong(-1));
    for (JsonNode added : json.path("added_tokens")) largest = Math.max(largest, added.path("id").asLong(-1));
    if (largest >= config.vocabularySize())
      throw new UserError(tokenizer + " has ids up to " + largest + "; the model's vocabulary has "
          + config.vocabularySize() + " tokens: it is another model's tokenizer");
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
