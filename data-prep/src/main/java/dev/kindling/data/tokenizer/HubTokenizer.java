package dev.kindling.data.tokenizer;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import dev.kindling.checkpoint.UserError;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * Any {@code tokenizer.json}, WordPiece and Unigram ones too, through Hugging Face's own library behind DJL: a text becomes
 * ids with the special tokens that the file puts around it. Truncation and padding that the file asks for are not done; a
 * text is cut at the limit given here. Safe for use by many threads.
 */
public final class HubTokenizer implements AutoCloseable {
  /** DJL would otherwise tell its makers that it was loaded. */
  private static final String NO_CALL_HOME = "OPT_OUT_TRACKING";
  /** In what the library says of a file: the rest of such a line names its own types. */
  private static final Pattern PLACE = Pattern.compile("line (\\d+) column (\\d+)");

  private final HuggingFaceTokenizer library;
  private final int longest;

  private HubTokenizer(HuggingFaceTokenizer library, int longest) {
    this.library = library;
    this.longest = longest;
  }

  /**
   * A text, or a pair of them, with the special tokens around.
   *
   * @param types of the tokens: 0, or 1 of the second text in BERT's way
   * @param pieces where each token stands; null of one that was put around
   * @param cut whether there were more
   */
  public record Encoded(int[] ids, int[] types, Piece[] pieces, boolean cut) {}

  /**
   * What a token is of its text.
   *
   * @param token as the vocabulary has it
   * @param start in Unicode characters, from 0; @param end behind its last one
   */
  public record Piece(String token, int start, int end) {}

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
    } catch (EngineException | LinkageError e) {
      throw notLoaded(where, e);
    } catch (IOException | RuntimeException e) {
      throw notRead(where, e);
    }
  }

  /** The library is unpacked on its first use. */
  static UserError notLoaded(String where, Throwable failure) {
    Throwable cause = failure;
    for (int depth = 0; cause.getCause() != null && depth < 20; depth++) cause = cause.getCause();
    return new UserError("Hugging Face's tokenizer library, which is to read " + where + ", cannot be loaded: "
        + firstLine(cause.toString()) + "; its cache folder must be one that this user may write in and load programs "
        + "from: DJL_CACHE_DIR names another", failure);
  }

  static UserError notRead(String where, Exception failure) {
    String said = String.valueOf(failure.getMessage());
    Matcher place = PLACE.matcher(said);
    return new UserError(where + " is no tokenizer that Hugging Face's library reads: "
        + (place.find() ? "it stops at line " + place.group(1) + ", column " + place.group(2) : firstLine(said))
        + "; take the tokenizer.json that belongs to the model, or save it again with a newer version of the library",
        failure);
  }

  private static String firstLine(String said) {
    return said.lines().findFirst().orElse("");
  }

  public Encoded encode(String text) {
    return cut(library.encode(text, true, false));
  }

  /** @param text the first of two, which lose tokens as {@link TextFrame} has it where they are too long; @param pair the second */
  public Encoded encode(String text, String pair) {
    return cut(library.encode(text, pair, true, false));
  }

  /** What is put around stays where a text is cut, as BERT's [SEP]. */
  private Encoded cut(Encoding all) {
    long[] special = all.getSpecialTokenMask();
    long[] texts = all.getSequenceIds();
    int[] lengths = new int[2];
    for (int i = 0; i < special.length; i++) if (special[i] == 0) lengths[texts[i] == 1 ? 1 : 0]++;
    int around = special.length - lengths[0] - lengths[1];
    boolean cut = special.length > longest;
    int[] left = cut ? TextFrame.lengths(lengths[0], lengths[1], Math.max(0, longest - around)) : lengths;
    int[] kept = IntStream.range(0, special.length).filter(i -> special[i] == 1 || left[texts[i] == 1 ? 1 : 0]-- > 0)
        .limit(longest).toArray();
    int[] ids = new int[kept.length];
    int[] types = new int[kept.length];
    Piece[] pieces = new Piece[kept.length];
    for (int k = 0; k < kept.length; k++) {
      int i = kept[k];
      ids[k] = Math.toIntExact(all.getIds()[i]);
      types[k] = Math.toIntExact(all.getTypeIds()[i]);
      CharSpan span = all.getCharTokenSpans()[i];
      if (special[i] == 0) pieces[k] = new Piece(all.getTokens()[i], span.getStart(), span.getEnd());
    }
    return new Encoded(ids, types, pieces, cut);
  }

  /** @return the text, special tokens as their content; what is no token says nothing */
  public String decode(int[] ids) {
    return library.decode(Arrays.stream(ids).asLongStream().toArray(), false);
  }

  @Override
  public void close() {
    library.close();
  }
}
