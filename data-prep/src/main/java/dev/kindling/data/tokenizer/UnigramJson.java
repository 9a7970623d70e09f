package dev.kindling.data.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.UserError;
import java.util.ArrayList;
import java.util.List;

/** The {@code tokenizer.json} of T5's kind that {@link UnigramTrainer} makes: Unigram over Nmt, NFKC and Metaspace. */
final class UnigramJson {
  static final String TYPE = "Unigram";
  private static final String END = "</s>";

  private UnigramJson() {
  }

  static UnigramVocabulary read(JsonNode root, String where) {
    TokenizerJson.hold(root.path("normalizer").equals(normalizer()), where, "normalizer",
        root.path("normalizer").path("type"), "a Sequence of Nmt, NFKC, Replace and Strip as prep writes it");
    TokenizerJson.hold(root.path("pre_tokenizer").equals(metaspace()), where, "pre_tokenizer",
        root.path("pre_tokenizer").path("type"), "Metaspace as prep writes it");
    JsonNode model = root.path("model");
    TokenizerJson.hold(!model.path("byte_fallback").asBoolean(false), where, "model.byte_fallback", true, "false");
    List<String> names = new ArrayList<>();
    JsonNode vocabulary = model.path("vocab");
    double[] scores = new double[vocabulary.size()];
    for (JsonNode token : vocabulary) {
      UserError.require(token.path(0).isTextual() && token.path(1).isNumber(),
          where + ": token " + names.size() + " of model.vocab", token, "a piece and its score");
      scores[names.size()] = token.get(1).asDouble();
      names.add(token.get(0).asText());
    }
    int unknown = model.path("unk_id").asInt(-1);
    UserError.require(unknown >= 0 && unknown < names.size(), where + ": model.unk_id", model.path("unk_id"),
        "the id of a token");
    return new UnigramVocabulary(names, scores, TokenizerJson.added(root.path("added_tokens"), where), unknown);
  }

  /** @return the file, the same bytes for the same vocabulary */
  static String write(UnigramVocabulary vocabulary) {
    ObjectNode root = TokenizerJson.begun(vocabulary.added());
    root.set("normalizer", normalizer());
    root.set("pre_tokenizer", metaspace());
    root.set("post_processor", EndTemplate.of(END, vocabulary.names().indexOf(END)));
    root.set("decoder", metaspace());
    ObjectNode model = root.putObject("model").put("type", TYPE).put("unk_id", vocabulary.unknown());
    ArrayNode vocab = model.putArray("vocab");
    for (int id = 0; id < vocabulary.scores().length; id++)
      vocab.addArray().add(vocabulary.names().get(id)).add(vocabulary.scores()[id]);
    model.put("byte_fallback", false);
    return root.toPrettyString() + "\n";
  }

  private static ObjectNode normalizer() {
    ObjectNode sequence = new ObjectMapper().createObjectNode().put("type", "Sequence");
    ArrayNode steps = sequence.putArray("normalizers");
    steps.addObject().put("type", "Nmt");
    steps.addObject().put("type", "NFKC");
    ObjectNode replace = steps.addObject().put("type", "Replace");
    replace.putObject("pattern").put("Regex", " {2,}");
    replace.put("content", " ");
    steps.addObject().put("type", "Strip").put("strip_left", true).put("strip_right", true);
    return sequence;
  }

  private static ObjectNode metaspace() {
    return new ObjectMapper().createObjectNode().put("type", "Metaspace")
        .put("replacement", String.valueOf(UnigramWords.SPACE)).put("prepend_scheme", "always").put("split", true);
  }
}
