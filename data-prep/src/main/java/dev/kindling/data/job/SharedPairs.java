package dev.kindling.data.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.chat.ExampleEncoder;
import dev.kindling.data.corpus.LongJson;
import dev.kindling.data.tokenizer.TextFrame;
import dev.kindling.data.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * What is read and what is to be written then, each with the end token behind it; the tokenizer travels as its file and is built once
 * in each executor. What is too long is cut before its end token: the longer text, then both.
 *
 * <pre>
 *   i i i i E o o E
 * </pre>
 */
final class SharedPairs implements SharedExamples {
  private static final long serialVersionUID = 1L;
  private static final ObjectMapper JSON = LongJson.mapper();
  private static final int END_TOKENS = 2;

  private final SharedTokenizer tokenizer;
  private final int longest;
  private final int end;

  /** @param longest tokens of a pair, end tokens included; @throws UserError where these leave no room, or there is none */
  SharedPairs(Tokenizer tokenizer, int longest) {
    if (longest < END_TOKENS + 2)
      throw new UserError("sequenceLength is " + longest + "; it must be at least " + (END_TOKENS + 2)
          + ", as an end token stands behind each text of a pair");
    this.tokenizer = new SharedTokenizer(tokenizer);
    this.longest = longest;
    end = tokenizer.endOfText();
  }

  @Override
  public EncodedDocument encode(CleanDocument document) {
    JsonNode pair = parse(document.text()).orElseThrow();
    String prompt = pair.path("prompt").asText();
    String completion = pair.path("completion").asText();
    int[] read = tokenizer.get().encodeOrdinary(prompt);
    int[] written = tokenizer.get().encodeOrdinary(completion);
    int[] lengths = TextFrame.lengths(read.length, written.length, longest - END_TOKENS);
    int second = lengths[0] + 1;
    int[] ids = new int[lengths[0] + lengths[1] + END_TOKENS];
    Arrays.fill(ids, end);
    System.arraycopy(read, 0, ids, 0, lengths[0]);
    System.arraycopy(written, 0, ids, second, lengths[1]);
    boolean[] learned = new boolean[ids.length];
    Arrays.fill(learned, second, ids.length, true);
    boolean cut = lengths[0] < read.length || lengths[1] < written.length;
    return EncodedDocument.of(document,
        new ExampleEncoder.Encoded(prompt + " " + completion, ids, learned, second, cut));
  }

  /** Of an empty completion it is learned to end at once. */
  @Override
  public Optional<String> refusal(String json) {
    Optional<JsonNode> pair = parse(json);
    if (pair.isEmpty()) return Optional.of("cleaning has left something that is no JSON any more");
    String prompt = pair.get().path("prompt").asText();
    boolean nothing = prompt.isBlank() || tokenizer.get().encodeOrdinary(prompt).length == 0;
    return nothing ? Optional.of("its prompt has no token") : Optional.empty();
  }

  private static Optional<JsonNode> parse(String json) {
    try {
      return Optional.of(JSON.readTree(json));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  @Override
  public Map<String, String> settings() {
    return Map.of();
  }
}
