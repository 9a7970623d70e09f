package dev.kindling.data.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.kindling.checkpoint.UserError;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/**
 * Any {@code tokenizer.json}, WordPiece and Unigram ones too, through Hugging Face's own library behind DJL: a text becomes
 * ids with the special tokens that the file puts around it. Truncation and padding that the file asks for are not done; a
 * text is cut at the limit given here. Safe for use by many threads.
 */
public final class HubTokenizer implements AutoCloseable {
  /** DJL would otherwise tell its makers that it was loaded. */
  private static final String NO_CALL_HOME = "OPT_OUT_TRACKING";

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
      String why = e.getMessage() == null ? "" : ": " + e.getMessage().lines().findFirst().orElse("");
      throw new UserError(where + " is no tokenizer that Hugging Face's library reads" + why, e);
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
