package dev.kindling.jobs.evaluate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.objective.MaskedWords;
import dev.kindling.train.objective.SequenceToSequence;
import dev.kindling.train.objective.SpanCorruption;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The special tokens of a model's tokenizer, with which objectives hide what is to be said. @param where its file */
record ModelTokens(String where, Map<String, Integer> special) {
  private static final double DENSITY = 0.15;
  private static final double MEAN_SPAN = 3;

  static ModelTokens of(ModelFolder folder) {
    String json = folder.tokenizerJson().orElseThrow(() -> new UserError("model " + folder.path() + " has no "
        + ModelFolder.TOKENIZER + "; which of its tokens hides others is not known without one"));
    String where = folder.path() + "/" + ModelFolder.TOKENIZER;
    Map<String, Integer> special = new LinkedHashMap<>();
    for (JsonNode token : Json.parse(json.getBytes(StandardCharsets.UTF_8), where).path("added_tokens"))
      if (token.path("special").asBoolean()) special.put(token.path("content").asText(), token.path("id").asInt());
    return new ModelTokens(where, special);
  }

  private int id(String... names) {
    for (String name : names) if (special.containsKey(name)) return special.get(name);
    throw new UserError(where + " has no special token " + String.join(" or ", names)
        + ", with which the model would be measured; give the tokenizer that it was trained with");
  }

  MaskedWords words(BertConfig config, PackedDataset rows) {
    Set<Integer> kept = new HashSet<>(special.values());
    kept.add(rows.info().endOfText());
    return new MaskedWords(id("[MASK]", "<mask>"), Math.max(0, config.padToken()), rows.info().vocabularySize(), kept,
        MaskedWords.SHARE);
  }

  SpanCorruption spans(T5Config config, PackedDataset rows) {
    SpanCorruption spans = new SpanCorruption(DENSITY, MEAN_SPAN, id("<extra_id_0>"), SpanCorruption.SENTINELS,
        rows.info().endOfText(), new SequenceToSequence(config.startToken(), config.padToken()));
    spans.refuseUnlessSentinelsSuffice(rows.sequenceLength());
    return spans;
  }
}
