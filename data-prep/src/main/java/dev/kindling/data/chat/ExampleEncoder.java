package dev.kindling.data.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.kindling.checkpoint.JsonProblem;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.chat.ChatTemplate.Stretch;
import dev.kindling.data.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Examples to tokens, and which of them a model is to learn to say. An example is a JSON object:
 *
 * <pre>
 *   {"prompt": text, "completion": text}       the completion's tokens and the end of text behind them are learned
 *   {"messages": [...], "tools": [...]}        written by the chat template; what the assistant says is learned
 *   {"prompt": [...], "completion": [...]}     likewise, of messages; all of the completion is learned
 *   {"prompt", "chosen", "rejected"}           a pair: the prompt with each of the two, one sequence behind the other
 * </pre>
 *
 * What the assistant says is what stands in the template's {@code generation} blocks. Where it has none: from the prompt that the template writes
 * for an assistant's message to where the conversation up to that message ends; conversations whose beginnings the template writes
 * otherwise than their whole are refused. Safe for use by many threads.
 */
public final class ExampleEncoder {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Tokenizer tokenizer;
  private final Optional<ChatTemplate> template;
  private final int longest;
  private final boolean pairs;
  private final Set<String> special = new TreeSet<>();

  /**
   * @param template needed for messages
   * @param longest tokens of an example, and half as many of each sequence of a pair; what is behind them is cut off
   * @param pairs whether an example is one
   */
  public ExampleEncoder(Tokenizer tokenizer, Optional<ChatTemplate> template, int longest, boolean pairs) {
    if (!tokenizer.spellsTexts())
      throw new UserError(
          "the tokenizer's tokens do not spell the text, so what is said cannot be told in them; packing"
              + " examples needs a byte-level tokenizer");
    this.tokenizer = tokenizer;
    this.template = template;
    this.longest = pairs ? longest / 2 : longest;
    this.pairs = pairs;
    for (int id = 0; id < tokenizer.vocabularySize(); id++)
      if (tokenizer.isSpecial(id)) special.add(new String(tokenizer.bytesOf(id), StandardCharsets.UTF_8));
  }

  /**
   * An example as tokens.
   *
   * @param text that they spell, before it was cut
   * @param learned of each token, never the first of a sequence
   * @param second where the second sequence of a pair begins; 0: there is only one
   * @param cut whether there were more
   */
  public record Encoded(String text, int[] ids, boolean[] learned, int second, boolean cut) {
    Encoded and(Encoded other) {
      int[] both = Arrays.copyOf(ids, ids.length + other.ids.length);
      System.arraycopy(other.ids, 0, both, ids.length, other.ids.length);
      boolean[] learnedOfBoth = Arrays.copyOf(learned, both.length);
      System.arraycopy(other.learned, 0, learnedOfBoth, ids.length, other.ids.length);
      return new Encoded(text + other.text, both, learnedOfBoth, ids.length, cut || other.cut);
    }
  }

  /** @param json an example; @throws ChatException where nothing can be learned of it; @throws UserError for messages without a template */
  public Encoded encode(String json) {
    JsonNode example;
    try {
      example = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new ChatException("it is no JSON any more: " + JsonProblem.of(e).inLine());
    }
    JsonNode prompt = example.path("prompt");
    if (pairs) return pair(prompt, example.path("chosen"), example.path("rejected"), example);
    JsonNode completion = example.path("completion");
    if (prompt.isTextual() && completion.isTextual()) return plain(prompt.textValue(), completion.textValue());
    refuseSpecial(example);
    if (!example.path("messages").isMissingNode()) return conversation(example.path("messages"), example.get("tools"));
    return continued(prompt, completion, example.get("tools"));
  }

  private Encoded pair(JsonNode prompt, JsonNode chosen, JsonNode rejected, JsonNode example) {
    if (chosen.isTextual())
      return plain(prompt.textValue(), chosen.textValue()).and(plain(prompt.textValue(), rejected.textValue()));
    refuseSpecial(example);
    ArrayNode before = JSON.createArrayNode();
    prompt.forEach(before::add);
    int shared = 0;                                          // where there is no prompt it is what both begin with
    while (before.isEmpty() && shared < Math.min(chosen.size(), rejected.size())
        && chosen.get(shared).equals(rejected.get(shared)))
      shared++;
    for (int i = 0; i < shared; i++) before.add(chosen.get(i));
    return continued(before, from(chosen, shared), example.get("tools"))
        .and(continued(before, from(rejected, shared), example.get("tools")));
  }

  private static ArrayNode from(JsonNode messages, int first) {
    ArrayNode some = JSON.createArrayNode();
    for (int i = first; i < messages.size(); i++) some.add(messages.get(i));
    return some;
  }

  /** Each part is encoded alone, as a prompt is when a model is asked; special tokens in them are only text. */
  private Encoded plain(String prompt, String completion) {
    int[] before = tokenizer.encodeOrdinary(prompt);
    int[] said = tokenizer.encodeOrdinary(completion);
    int[] ids = Arrays.copyOf(before, before.length + said.length + 1);
    System.arraycopy(said, 0, ids, before.length, said.length);
    ids[ids.length - 1] = tokenizer.endOfText();
    boolean[] learned = new boolean[ids.length];
    Arrays.fill(learned, before.length, ids.length, true);
    return cut(prompt + completion, ids, learned);
  }

  private Encoded conversation(JsonNode messages, JsonNode tools) {
    ChatTemplate.Rendered whole = template().render(messages, tools, false);
    List<Stretch> said = template().marksGeneration() ? whole.generated() : turns(messages, tools, whole.text());
    return encoded(whole.text(), said);
  }

  private List<Stretch> turns(JsonNode messages, JsonNode tools, String whole) {
    List<Stretch> turns = new ArrayList<>();
    ArrayNode before = JSON.createArrayNode();
    for (JsonNode message : messages) {
      if (message.path("role").asText().equals("assistant")) {
        String prompt = template().render(before, tools, true).text();
        before.add(message);
        String until = before.size() == messages.size() ? whole : template().render(before, tools, false).text();
        if (!until.startsWith(prompt) || !whole.startsWith(until))
          throw new ChatException("the chat template writes the first "
              + before.size()
              + " messages otherwise than in the whole conversation, so that what the assistant says in it is not known; "
              + "put {% generation %} and {% endgeneration %} around that in the template");
        turns.add(new Stretch(prompt.length(), until.length()));
      } else {
        before.add(message);
      }
    }
    return turns;
  }

  private Encoded continued(JsonNode prompt, JsonNode completion, JsonNode tools) {
    ArrayNode all = JSON.createArrayNode();
    prompt.forEach(all::add);
    String before = template().render(all, tools, true).text();
    completion.forEach(all::add);
    String whole = template().render(all, tools, false).text();
    if (!whole.startsWith(before))
      throw new ChatException("the chat template writes the prompt otherwise than in the whole conversation");
    return encoded(whole, List.of(new Stretch(before.length(), whole.length())));
  }

  private ChatTemplate template() {
    return template.orElseThrow(
        () -> new UserError("there is no chat template beside the tokenizer, which examples with messages need; "
            + "name one with chatTemplate, or give examples with prompt and completion as texts"));
  }

  /** What a template writes around messages is special; what people wrote is not, and may not look like it. */
  private void refuseSpecial(JsonNode value) {
    if (value.isContainerNode()) value.forEach(this::refuseSpecial);
    if (!value.isTextual()) return;
    for (String token : special)
      if (value.textValue().contains(token))
        throw new ChatException("the special token " + token + " stands in a message");
  }

  /** A token is learned where it has a character of what is said, as transformers marks them. */
  private Encoded encoded(String text, List<Stretch> said) {
    int[] ids = tokenizer.encode(text);
    boolean[] learned = new boolean[ids.length];
    long bytes = 0;
    long[] ends = new long[ids.length];
    for (int i = 0; i < ids.length; i++) ends[i] = bytes += tokenizer.bytesOf(ids[i]).length;
    if (bytes != text.getBytes(StandardCharsets.UTF_8).length)
      throw new ChatException(
          "the tokenizer changes the text of the conversation, so that its tokens have no place in it");
    for (Stretch stretch : said) {
      long from = text.substring(0, stretch.from()).getBytes(StandardCharsets.UTF_8).length;
      long to = from + text.substring(stretch.from(), stretch.to()).getBytes(StandardCharsets.UTF_8).length;
      for (int i = 0; i < ids.length; i++) {
        long start = i == 0 ? 0 : ends[i - 1];
        if (ends[i] > from && start < to) learned[i] = true;
      }
    }
    return cut(text, ids, learned);
  }

  private Encoded cut(String text, int[] ids, boolean[] learned) {
    boolean cut = ids.length > longest;
    int length = Math.min(ids.length, longest);
    boolean[] kept = Arrays.copyOf(learned, length);
    if (length > 0) kept[0] = false;                       // nothing stands before it
    boolean any = false;
    for (boolean one : kept) any |= one;
    if (!any)
      throw new ChatException(
          "no token of a completion is left" + (cut ? " within its first " + longest + " tokens" : ""));
    return new Encoded(text, Arrays.copyOf(ids, length), kept, 0, cut);
  }
}
