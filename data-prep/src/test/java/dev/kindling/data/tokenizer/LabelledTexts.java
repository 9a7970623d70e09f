package dev.kindling.data.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Texts and pairs of texts with the tokens and types that Transformers gives them, cut where they are too long.
 *
 * @param tokenizer its {@code tokenizer.json}
 */
record LabelledTexts(JsonNode tokenizer, List<Case> cases) {
  /** @param second null of a single text; @param longest tokens at most, the special ones among them */
  record Case(String first, String second, int longest, int[] ids, int[] types) {
    @Override
    public String toString() {
      return first + (second == null ? "" : " | " + second) + " in " + longest + " tokens";
    }
  }

  /** @param name of a tokenizer */
  static LabelledTexts read(String name) throws IOException {
    JsonNode of = new ObjectMapper().readTree(Path.of("../golden/labelled-texts.json").toFile()).get(name);
    List<Case> cases = new ArrayList<>();
    for (JsonNode one : of.get("cases")) {
      JsonNode texts = one.get("texts");
      cases.add(new Case(texts.get(0).textValue(), texts.size() == 1 ? null : texts.get(1).textValue(),
          one.get("longest").intValue(), ints(one.get("ids")), ints(one.get("types"))));
    }
    return new LabelledTexts(of.get("tokenizer"), cases);
  }

  private static int[] ints(JsonNode values) {
    int[] ints = new int[values.size()];
    for (int i = 0; i < ints.length; i++) ints[i] = values.get(i).intValue();
    return ints;
  }
}
