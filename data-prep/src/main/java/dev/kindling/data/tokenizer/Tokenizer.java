package dev.kindling.data.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Text to ids. The ids are those of Hugging Face tokenizers for the same {@code tokenizer.json}; truncation, padding and
 * post-processing that such a file may ask for are not done. Safe for use by many threads.
 */
public sealed interface Tokenizer permits ByteLevelTokenizer, WordPieceTokenizer, UnigramTokenizer {
  String END_OF_TEXT = "<|endoftext|>";
  /** The file's name in a model's or a dataset's folder. */
  String FILE = "tokenizer.json";
  /** What ends a document, by the names that tokenizers have for it. */
  Set<String> ENDS_OF_TEXT = Set.of(END_OF_TEXT, "<|end_of_text|>", "</s>");

  /**
   * @param path a {@code tokenizer.json} or a folder that holds one
   * @throws UserError where there is none or it is of a kind that is not read
   */
  static Tokenizer load(Configuration conf, Path path) {
    try {
      FileSystem files = Storage.reach(conf, path);
      Path file = path.getName().endsWith(".json") ? path : new Path(path, FILE);
      try (InputStream in = files.open(file)) {
        return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), file.toString());
      }
    } catch (FileNotFoundException e) {
      throw new UserError(
          "there is no tokenizer at " + path + "; a " + FILE + ", a folder with one or a run's folder is needed", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** @param json the content of a {@code tokenizer.json}; @param where what errors call it */
  static Tokenizer parse(String json, String where) {
    JsonNode root = TokenizerJson.parse(json, where);
    return switch (root.path("model").path("type").asText()) {
      case WordPieceJson.TYPE -> new WordPieceTokenizer(json, WordPieceJson.read(root, where));
      case UnigramJson.TYPE -> new UnigramTokenizer(json, UnigramJson.read(root, where), where);
      default -> new ByteLevelTokenizer(json, TokenizerJson.read(root, where), where);
    };
  }

  /** The {@code tokenizer.json} as it was read or trained. */
  String json();

  /** SHA-256 of {@link #json}, hexadecimal. */
  default String fingerprint() {
    return Fingerprint.of(json());
  }

  /** One more than the largest id. */
  int vocabularySize();

  /** The id that ends a document. @throws UserError where the tokenizer has none */
  int endOfText();

  /** @return ids; special tokens that stand in the text become their ids; @throws UserError for a lone surrogate */
  int[] encode(String text);

  /** As {@link #encode}, but the text of a special token is only text: for documents, which cannot end themselves. */
  int[] encodeOrdinary(String text);

  /** A document's tokens as a dataset has them: ordinary ones, behind the token that begins a text where there is one. */
  default int[] encodeDocument(String text) {
    return encodeOrdinary(text);
  }

  /** @return the text, special tokens as their content; bytes that are not UTF-8 become U+FFFD */
  String decode(int[] ids);

  /** A decoder for tokens that come one by one. */
  default TextStream stream() {
    return new TextStream(this);
  }

  /** Whether the tokens' bytes, one behind the other, are the text that was encoded. */
  boolean spellsTexts();

  /** Whether the id stands for no text, such as {@link #endOfText}. */
  boolean isSpecial(int id);

  /** The bytes that a token stands for; none where the id is no token. @param id 0 to {@link #vocabularySize} - 1 */
  byte[] bytesOf(int id);

  /** Whether there is a token of that id. */
  boolean isToken(int id);

  /** @throws UserError for an id outside the vocabulary */
  static void verify(int id, Tokenizer tokenizer) {
    if (!tokenizer.isToken(id))
      throw new UserError("token id " + id + " is not in the vocabulary; ids are 0 to "
          + (tokenizer.vocabularySize() - 1));
  }

  /** @throws UserError where half of a character stands alone */
  static void refuseLoneSurrogates(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Character.isSurrogate(c)) continue;
      boolean pair = Character.isHighSurrogate(c) && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1));
      if (!pair)
        throw new UserError(String.format(
            "the text has a lone surrogate, U+%04X, at index %d; it is not Unicode text and has no UTF-8 form; remove it",
            (int) c, i));
      i++;
    }
  }
}
