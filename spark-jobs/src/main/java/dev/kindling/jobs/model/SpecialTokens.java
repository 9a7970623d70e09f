package dev.kindling.jobs.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.UserError;
import dev.kindling.train.objective.SpanCorruption;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The special tokens of a tokenizer, by the names that Hugging Face's tools know them by.
 *
 * @param where the tokenizer's file, as messages tell it
 */
public record SpecialTokens(String where, Map<String, Integer> ids) {
  public static SpecialTokens of(String tokenizerJson, String where) {
    Map<String, Integer> ids = new LinkedHashMap<>();
    for (JsonNode token : Json.parse(tokenizerJson.getBytes(StandardCharsets.UTF_8), where).path("added_tokens"))
      if (token.path("special").asBoolean()) ids.put(token.path("content").asText(), token.path("id").asInt());
    return new SpecialTokens(where, ids);
  }

  /** What T5 says for a text's span that was cut out. @param i spans before it */
  public static String sentinel(int i) {
    return "<extra_id_" + i + ">";
  }

  /** @throws UserError where there are some of T5's sentinels, but not all in a row, the first last; @param instead what to do then */
  public void refuseScatteredSentinels(String instead) {
    for (int i = 0; i < SpanCorruption.SENTINELS; i++) {
      Integer first = ids.get(sentinel(0));
      Integer id = ids.get(sentinel(i));
      boolean fits = id == null ? first == null : first != null && id == first - i;
      if (!fits)
        throw new UserError(where + " has sentinels, but " + sentinel(i) + " is not " + i + " ids before " + sentinel(0)
            + ", as T5 has them; " + instead);
    }
  }
}
