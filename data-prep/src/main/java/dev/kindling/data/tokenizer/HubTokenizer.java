package dev.kindling.data.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.kindling.checkpoint.UserError;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Any {@code tokenizer.json}, WordPiece and Unigram ones too, through Hugging Face's own library behind DJL: a text becomes
 * ids with the special tokens that the file puts around it. Truncation and padding that the file asks for are not done; a
 * text is cut at the limit given here. Safe for use by many threads.
 */
public final class HubTokenizer implements AutoCloseable {
  /** DJL would otherwise tell its makers that it was loaded. */
  private static final String NO_CALL_HOME = "OPT_OUT_TRACKING";
  /** In what the library says of a file: the rest names its own types. */
  private static final Pattern PLACE = Pattern.compile("line (\\d+) column (\\d+)");

  private final HuggingFaceTokenizer library;
  private final int longest;

  private HubTokenizer(HuggingFaceTokenizer library, int longest) {
    this.library = library;
    this.longest = longest;
  }

  /**
   * A text's ids.
   *
   * @param cut whether there were more
   */
  public record Encoded(int[] ids, boolean cut) {}

  /**
   * @param json the content of a {@code tokenizer.json}; @param where what errors call it
   * @param longest tokens of a text, special ones included
   */
  public static HubTokenizer parse(String json, String where, int longest) {
    if (System.getProperty(NO_CALL_HOME) == null) System.setProperty(NO_CALL_HOME, "true");
    try {
      return new HubTokenizer(
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)),
              Map.of("truncation", "false", "padding", "false")),
          longest);
    } catch (IOException | RuntimeException e) {
      Matcher place = PLACE.matcher(String.valueOf(e.getMessage()));
      throw new UserError(where + " is no tokenizer that Hugging Face's library reads"
          + (place.find() ? ": it stops at line " + place.group(1) + ", column " + place.group(2) : "")
          + "; take the tokenizer.json that belongs to the model, or save it again with a newer version of the library",
          e);
    }
  }

  public Encoded encode(String text) {
    Encoding encoding = library.encode(text, true, false);
    int[] ids = Arrays.stream(encoding.getIds()).mapToInt(Math::toIntExact).toArray();
    if (ids.length <= longest) return new Encoded(ids, false);
    long[] special = encoding.getSpecialTokenMask();
    int end = 0;                                              // special tokens at the end stay, as BERT's [SEP]
    while (end < longest && special[ids.length - 1 - end] == 1) end++;
    int[] cut = Arrays.copyOf(ids, longest);
    System.arraycopy(ids, ids.length - end, cut, longest - end, end);
    return new Encoded(cut, true);
  }

  @Override
  public void close() {
    library.close();
  }
}
