package dev.kindling.data.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The {@code post_processor} of T5's tokenizers: Hugging Face's tools put an end token behind each text, as the model has read
 * them in training.
 *
 * <pre>
 *   a a a &lt;/s&gt;              a a a &lt;/s&gt; b b &lt;/s&gt;
 * </pre>
 */
public final class EndTemplate {
  private static final String KEY = "post_processor";
  private static final String TEMPLATE = "TemplateProcessing";

  private EndTemplate() {
  }

  /**
   * The same tokenizer, whose texts end with the end token. One that does just this stays as it is. Of others, what only moves
   * places in the text stays; what puts other tokens around goes, as no text of a dataset had those.
   *
   * @param end id of the end token; a tokenizer without an added token of that id stays as it is
   */
  public static String addedTo(String tokenizerJson, int end) {
    ObjectNode root = Json.parse(tokenizerJson.getBytes(StandardCharsets.UTF_8), Tokenizer.FILE);
    String name = null;
    for (JsonNode token : root.path("added_tokens"))
      if (token.path("id").asInt(-1) == end) name = token.path("content").asText();
    List<JsonNode> steps = steps(root);
    if (name == null) return tokenizerJson;
    List<JsonNode> kept = steps.stream().filter(step -> step.path("type").asText().equals("ByteLevel")).toList();
    List<JsonNode> others = steps.stream().filter(step -> !kept.contains(step)).toList();
    ObjectNode template = of(name, end);
    if (others.size() == 1 && alike(others.get(0), template)) return tokenizerJson;
    if (kept.isEmpty()) root.set(KEY, template);
    else root.putObject(KEY).put("type", "Sequence").putArray("processors").addAll(kept).add(template);
    return new String(Json.bytes(root), StandardCharsets.UTF_8);
  }

  /** What is done with a text's tokens, one step after the other. */
  static List<JsonNode> steps(JsonNode tokenizer) {
    JsonNode processor = tokenizer.path(KEY);
    List<JsonNode> steps = new ArrayList<>();
    if (processor.path("type").asText().equals("Sequence")) processor.path("processors").forEach(steps::add);
    else if (!TokenizerJson.absent(processor)) steps.add(processor);
    return steps;
  }

  private static boolean alike(JsonNode step, ObjectNode template) {
    return Stream.of("type", "single", "pair").allMatch(key -> step.path(key).equals(template.get(key)));
  }

  /** @param name of the end token, as the vocabulary has it; @param end its id */
  static ObjectNode of(String name, int end) {
    ObjectNode template = Json.object().put("type", TEMPLATE);
    ArrayNode single = template.putArray("single");
    part(single, "Sequence", "A");
    part(single, "SpecialToken", name);
    ArrayNode pair = template.putArray("pair").addAll(single);
    part(pair, "Sequence", "B");
    part(pair, "SpecialToken", name);
    ObjectNode token = template.putObject("special_tokens").putObject(name).put("id", name);
    token.putArray("ids").add(end);
    token.putArray("tokens").add(name);
    return template;
  }

  private static void part(ArrayNode template, String kind, String id) {
    template.addObject().putObject(kind).put("id", id).put("type_id", 0);
  }
}
