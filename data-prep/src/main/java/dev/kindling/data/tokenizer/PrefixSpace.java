package dev.kindling.data.tokenizer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import java.nio.charset.StandardCharsets;

/**
 * {@code add_prefix_space} of byte-level tokenizers, such as RoBERTa's: a text begins as if a space stood before it. A word that is
 * given by itself has then the tokens that it has in a text; Hugging Face's tools ask for it where texts are given word by word.
 */
public final class PrefixSpace {
  private static final String KEY = "add_prefix_space";

  private PrefixSpace() {
  }

  /**
   * The same tokenizer with it. One whose words have no spaces in their tokens, such as BERT's, stays as it is.
   *
   * @throws dev.kindling.checkpoint.UserError where its file has no place for it
   */
  public static Tokenizer addedTo(Tokenizer tokenizer) {
    if (!(tokenizer instanceof ByteLevelTokenizer bytes) || bytes.prefixesSpace()) return tokenizer;
    ObjectNode root = Json.parse(tokenizer.json().getBytes(StandardCharsets.UTF_8), Tokenizer.FILE);
    ObjectNode words = (ObjectNode) root.path("pre_tokenizer");
    TokenizerJson.hold(words.path("type").asText().equals("ByteLevel"), Tokenizer.FILE,
        "pre_tokenizer.type, of a text that is given word by word,", words.path("type"), "ByteLevel, as RoBERTa's");
    words.put(KEY, true);
    return Tokenizer.parse(new String(Json.bytes(root), StandardCharsets.UTF_8), Tokenizer.FILE);
  }
}
