package dev.kindling.data.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.UserError;
import java.util.Map;

/** The {@code tokenizer.json} of BERT and its kin: WordPiece over BertNormalizer and BertPreTokenizer. */
final class WordPieceJson {
  static final String TYPE = "WordPiece";
  private static final String SPECIAL = "SpecialToken";

  private WordPieceJson() {
  }

  static WordPieceVocabulary read(JsonNode root, String where) {
    JsonNode model = root.path("model");
    JsonNode normalizer = root.path("normalizer");
    TokenizerJson.hold(normalizer.path("type").asText().equals("BertNormalizer"), where, "normalizer.type",
        normalizer.path("type"), "BertNormalizer");
    for (String key : new String[]{"clean_text", "handle_chinese_chars"})
      TokenizerJson.hold(normalizer.path(key).asBoolean(true), where, "normalizer." + key, false, "true");
    boolean lowercase = normalizer.path("lowercase").asBoolean(true);
    JsonNode strip = normalizer.path("strip_accents");
    TokenizerJson.hold(TokenizerJson.absent(strip) || strip.asBoolean() == lowercase, where,
        "normalizer.strip_accents", strip, "null, or as lowercase");
    JsonNode words = root.path("pre_tokenizer").path("type");
    TokenizerJson.hold(words.asText().equals("BertPreTokenizer"), where, "pre_tokenizer.type", words,
        "BertPreTokenizer");
    String goesOn = model.path("continuing_subword_prefix").asText(WordPieceVocabulary.GOES_ON);
    TokenizerJson.hold(goesOn.equals(WordPieceVocabulary.GOES_ON), where, "model.continuing_subword_prefix", goesOn,
        WordPieceVocabulary.GOES_ON);
    Map<String, Integer> names = TokenizerJson.names(model, where);
    String unknown = model.path("unk_token").asText("[UNK]");
    UserError.require(names.containsKey(unknown), where + ": model.unk_token", unknown, "a token of the vocabulary");
    JsonNode around = root.path("post_processor");
    return new WordPieceVocabulary(names, TokenizerJson.added(root.path("added_tokens"), where), unknown,
        model.path("max_input_chars_per_word").asInt(100), new BertWords(lowercase), around(around, names, true),
        around(around, names, false));
  }

  /** The special token before a text, or behind it: of TemplateProcessing or of BertProcessing; empty where there is none. */
  private static String around(JsonNode processor, Map<String, Integer> names, boolean before) {
    JsonNode template = processor.path("single");
    String token = template.isArray()
        ? template.path(before ? 0 : template.size() - 1).path(SPECIAL).path("id").asText()
        : processor.path(before ? "cls" : "sep").path(0).asText();
    return names.containsKey(token) ? token : "";
  }

  /** @return the file, the same bytes for the same vocabulary */
  static String write(WordPieceVocabulary vocabulary) {
    ObjectNode root = TokenizerJson.begun(vocabulary.added());
    root.putObject("normalizer").put("type", "BertNormalizer").put("clean_text", true)
        .put("handle_chinese_chars", true).putNull("strip_accents").put("lowercase", vocabulary.words().lowercase());
    root.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
    String first = vocabulary.first();
    String last = vocabulary.last();
    ObjectNode around = root.putObject("post_processor").put("type", "TemplateProcessing");
    ArrayNode single = around.putArray("single");
    part(single, SPECIAL, first, 0);
    part(single, "Sequence", "A", 0);
    part(single, SPECIAL, last, 0);
    ArrayNode pair = around.putArray("pair").addAll(single);
    part(pair, "Sequence", "B", 1);
    part(pair, SPECIAL, last, 1);
    ObjectNode special = around.putObject("special_tokens");
    for (String token : new String[]{first, last}) {
      ObjectNode one = special.putObject(token).put("id", token);
      one.putArray("ids").add(vocabulary.names().get(token));
      one.putArray("tokens").add(token);
    }
    root.putObject("decoder").put("type", TYPE).put("prefix", WordPieceVocabulary.GOES_ON).put("cleanup", false);
    ObjectNode model = root.putObject("model").put("type", TYPE).put("unk_token", vocabulary.unknown())
        .put("continuing_subword_prefix", WordPieceVocabulary.GOES_ON)
        .put("max_input_chars_per_word", vocabulary.longest());
    TokenizerJson.putNames(model, vocabulary.names());
    return root.toPrettyString() + "\n";
  }

  private static void part(ArrayNode template, String kind, String id, int type) {
    template.addObject().putObject(kind).put("id", id).put("type_id", type);
  }
}
