package dev.kindling.data.tokenizer;

import java.util.Arrays;
import java.util.List;

/**
 * A text that is given word by word: each is encoded by itself, as by Hugging Face's tools with {@code is_split_into_words}, and the
 * {@link TextFrame} is around all of them:
 *
 * <pre>
 *   [CLS] Wolf ##gang lives in Berlin [SEP]
 *    -1    0     0      1   2    3     -1       the word of each token
 * </pre>
 */
public final class WordFrame {
  /** Of a token that is no word's. */
  public static final int NONE = -1;

  private final Tokenizer tokenizer;
  private final TextFrame frame;

  private WordFrame(Tokenizer tokenizer, TextFrame frame) {
    this.tokenizer = tokenizer;
    this.frame = frame;
  }

  /** @throws dev.kindling.checkpoint.UserError where the tokenizer's post_processor is none that is read */
  public static WordFrame of(Tokenizer tokenizer) {
    return new WordFrame(tokenizer, TextFrame.of(tokenizer));
  }

  /**
   * The tokens of a text's words with what is around.
   *
   * @param words the place of each token's word among the words, from 0 on, or {@link #NONE}
   * @param cut whether the words had more tokens
   */
  public record Framed(int[] ids, int[] words, boolean cut) {
    /** Whether a token is the first of its word. */
    public boolean begins(int token) {
      return words[token] != NONE && (token == 0 || words[token - 1] != words[token]);
    }
  }

  /** How many special tokens are around. */
  public int added() {
    return frame.added(false);
  }

  /** Whether the words have any token. */
  public boolean hasTokens(List<String> words) {
    return words.stream().anyMatch(word -> tokenizer.encodeOrdinary(word).length > 0);
  }

  /**
   * A text that is too long ends behind the last word that is whole; of a first word that is too long itself its first tokens stay.
   *
   * @param words some of which may have no token; @param longest tokens in all, special ones included; more than these
   */
  public Framed of(List<String> words, int longest) {
    int room = longest - added();
    Ids ids = new Ids(room);
    Ids places = new Ids(room);
    boolean cut = false;
    for (int w = 0; w < words.size() && !cut; w++) {
      int[] pieces = tokenizer.encodeOrdinary(words.get(w));
      cut = ids.size() + pieces.length > room;
      if (cut) pieces = Arrays.copyOf(pieces, ids.size() == 0 ? room : 0);
      ids.add(pieces);
      for (int i = 0; i < pieces.length; i++) places.add(w);
    }
    int[] framed = frame.of(ids.toArray(), null, longest).ids();
    int[] all = new int[framed.length];
    Arrays.fill(all, NONE);
    System.arraycopy(places.toArray(), 0, all, frame.before(), places.size());
    return new Framed(framed, all, cut);
  }
}
