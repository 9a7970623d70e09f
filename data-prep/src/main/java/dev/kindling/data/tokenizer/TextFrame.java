package dev.kindling.data.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kindling.checkpoint.UserError;
import java.util.ArrayList;
import java.util.List;

/**
 * The special tokens that a tokenizer puts around a text and around a pair of texts, as its file's {@code post_processor} says, and which
 * of two types each token has, such as BERT's (Devlin et al. 2019, figure 2):
 *
 * <pre>
 *   [CLS] a a a [SEP]              [CLS] a a a [SEP] b b [SEP]
 *     0   0 0 0   0                  0   0 0 0   0   1 1   1
 * </pre>
 *
 * A text that is too long loses tokens at its end; of a pair the longer one does until it is as long as the other, then both.
 */
public final class TextFrame {
  private static final int SPECIAL = -1;
  private static final int FIRST = 0;
  private static final int SECOND = 1;

  private final List<Part> single;
  private final List<Part> pair;

  /** Special tokens, or a text's own. @param text {@link #SPECIAL}, or which text; @param type 0 or 1, for all of them */
  private record Part(int text, int[] ids, int type) {
    static Part of(int text, int type) {
      return new Part(text, new int[0], type);
    }

    static Part special(int id, int type) {
      return new Part(SPECIAL, new int[]{id}, type);
    }
  }

  /**
   * A text or a pair of them with what is around.
   *
   * @param second where the tokens of the second type begin; 0: there are none
   * @param cut whether the texts had more tokens
   */
  public record Framed(int[] ids, int second, boolean cut) {}

  private TextFrame(List<Part> single, List<Part> pair) {
    this.single = single;
    this.pair = pair;
  }

  /** @throws UserError where the tokenizer's post_processor is none that is read */
  public static TextFrame of(Tokenizer tokenizer) {
    List<JsonNode> steps = EndTemplate.steps(TokenizerJson.parse(tokenizer.json(), Tokenizer.FILE));
    steps.removeIf(step -> step.path("type").asText().equals("ByteLevel"));          // moves places in the text, adds nothing
    if (steps.isEmpty())
      return new TextFrame(List.of(Part.of(FIRST, 0)), List.of(Part.of(FIRST, 0), Part.of(SECOND, 1)));
    JsonNode step = steps.get(0);
    String type = step.path("type").asText();
    boolean bert = type.equals("BertProcessing");
    TokenizerJson.hold(
        steps.size() == 1 && (bert || type.equals("RobertaProcessing") || type.equals("TemplateProcessing")),
        Tokenizer.FILE, "post_processor", steps.size() == 1 ? type : steps.size() + " steps that add tokens",
        "TemplateProcessing, BertProcessing or RobertaProcessing");
    TextFrame frame = type.equals("TemplateProcessing")
        ? new TextFrame(template(step, "single"), template(step, "pair"))
        : around(step.path("cls").path(1).asInt(-1), step.path("sep").path(1).asInt(-1), bert);
    frame.verify(tokenizer);
    return frame;
  }

  private static TextFrame around(int first, int last, boolean bert) {
    List<Part> single = List.of(Part.special(first, 0), Part.of(FIRST, 0), Part.special(last, 0));
    List<Part> pair = new ArrayList<>(single);
    int second = bert ? 1 : 0;                              // RoBERTa has one type, and one token more between
    if (!bert) pair.add(Part.special(last, 0));
    pair.add(Part.of(SECOND, second));
    pair.add(Part.special(last, second));
    return new TextFrame(single, pair);
  }

  private static List<Part> template(JsonNode processor, String name) {
    List<Part> parts = new ArrayList<>();
    for (JsonNode part : processor.path(name)) {
      JsonNode sequence = part.path("Sequence");
      JsonNode special = part.path("SpecialToken");
      if (sequence.isObject()) {
        parts.add(Part.of(sequence.path("id").asText().equals("A") ? FIRST : SECOND, sequence.path("type_id").asInt()));
      } else {
        JsonNode ids = processor.path("special_tokens").path(special.path("id").asText()).path("ids");
        int[] all = new int[Math.max(1, ids.size())];          // a token that is not among them is refused as no token
        for (int i = 0; i < all.length; i++) all[i] = ids.path(i).asInt(-1);
        parts.add(new Part(SPECIAL, all, special.path("type_id").asInt()));
      }
    }
    return parts;
  }

  private void verify(Tokenizer tokenizer) {
    for (List<Part> parts : List.of(single, pair)) {
      String where = "post_processor, for " + (parts == pair ? "pairs" : "a text");
      boolean bothThere = parts.stream().filter(part -> part.text() == FIRST).count() == 1
          && parts.stream().filter(part -> part.text() == SECOND).count() == (parts == pair ? 1 : 0);
      TokenizerJson.hold(bothThere, Tokenizer.FILE, where, parts.size() + " parts",
          parts == pair ? "both texts, each once" : "the text once");
      int type = 0;
      for (Part part : parts) {
        TokenizerJson.hold(part.type() == type || parts == pair && part.type() == 1, Tokenizer.FILE,
            where + ", token type", part.type(), parts == pair ? "0, and 1 from some token on" : "0");
        type = part.type();
        for (int id : part.ids())
          TokenizerJson.hold(tokenizer.isToken(id), Tokenizer.FILE, where + ", special token", id, "an id of a token");
      }
    }
  }

  /** How many special tokens are before a text that stands alone. */
  int before() {
    int count = 0;
    for (Part part : single) {
      if (part.text() == FIRST) break;
      count += part.ids().length;
    }
    return count;
  }

  /** How many special tokens are around. */
  public int added(boolean ofPair) {
    return (ofPair ? pair : single).stream().mapToInt(part -> part.ids().length).sum();
  }

  /**
   * @param first a text's own tokens; @param second those of the other, null: it stands alone
   * @param longest tokens in all, special ones included; more than these
   */
  public Framed of(int[] first, int[] second, int longest) {
    int room = longest - added(second != null);
    if (room < 1) throw new IllegalArgumentException("no room for a token in " + longest);
    int[] lengths = lengths(first.length, second == null ? 0 : second.length, room);
    Ids ids = new Ids(longest);
    int secondType = 0;
    for (Part part : second == null ? single : pair) {
      if (part.type() == 1 && secondType == 0) secondType = ids.size();
      if (part.text() == SPECIAL) for (int id : part.ids()) ids.add(id);
      else for (int i = 0; i < lengths[part.text()]; i++) ids.add((part.text() == FIRST ? first : second)[i]);
    }
    boolean cut = lengths[0] < first.length || second != null && lengths[1] < second.length;
    return new Framed(ids.toArray(), secondType, cut);
  }

  /** How many of their first tokens two texts keep, as by Hugging Face's {@code longest_first}; the second one keeps an odd token. */
  public static int[] lengths(int first, int second, int room) {
    if (first + second <= room) return new int[]{first, second};
    int shorter = Math.min(first, second);
    int half = room / 2;
    if (shorter <= half)
      return first > second ? new int[]{room - shorter, shorter} : new int[]{shorter, room - shorter};
    return new int[]{half, room - half};
  }
}
