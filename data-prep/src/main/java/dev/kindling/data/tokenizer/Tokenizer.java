package dev.kindling.data.tokenizer;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.clean.Normalizer;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A byte-level byte-pair tokenizer: any text to ids and back to the same text. The ids are those of Hugging Face tokenizers
 * for the same {@code tokenizer.json}; truncation and padding that such a file may ask for are not done. Safe for use by many
 * threads.
 */
public final class Tokenizer {
  public static final String END_OF_TEXT = "<|endoftext|>";
  /** The file's name in a model's or a dataset's folder. */
  public static final String FILE = "tokenizer.json";

  private static final Set<String> ENDS_OF_TEXT = Set.of(END_OF_TEXT, "<|end_of_text|>", "</s>");

  private final String json;
  private final Vocabulary vocabulary;
  private final PreTokenizer words;
  private final Merging merging;
  private final Finder all;
  private final Finder ordinary;
  private final byte[][] bytes;
  private final ByteTrie wholeWords;
  private final int endOfText;
  private final WordCache cache = new WordCache();

  /** The added tokens that are looked for: in the text as it is, then in the normal form of what lies between. */
  private record Finder(AddedTokens raw, AddedTokens normalized) {
    static Finder of(List<Vocabulary.AddedToken> tokens, boolean composed) {
      UnaryOperator<String> form = composed ? Normalizer::composed : UnaryOperator.identity();
      return new Finder(
          new AddedTokens(tokens.stream().filter(token -> !token.normalized()).toList(), UnaryOperator.identity()),
          new AddedTokens(tokens.stream().filter(Vocabulary.AddedToken::normalized).toList(), form));
    }
  }

  private Tokenizer(String json, Vocabulary vocabulary, String where) {
    this.json = json;
    this.vocabulary = vocabulary;
    words = vocabulary.words();
    all = Finder.of(vocabulary.added(), vocabulary.composed());
    ordinary = Finder.of(vocabulary.added().stream().filter(token -> !token.special()).toList(), vocabulary.composed());
    bytes = tokenBytes(vocabulary, where);
    int[] idOfByte = byteIds(vocabulary.names(), where);
    merging = Merging.of(new MergeTable(vocabulary.merges()), bytes, idOfByte);
    byte[][] whole = wholeWords();
    wholeWords = whole == null ? null : new ByteTrie(whole, idOfByte);
    endOfText = vocabulary.added().stream().filter(token -> ENDS_OF_TEXT.contains(token.content()))
        .mapToInt(Vocabulary.AddedToken::id).findFirst().orElse(-1);
  }

  /**
   * @param path a {@code tokenizer.json} or a folder that holds one
   * @throws UserError where there is none or it is not a byte-level byte-pair tokenizer
   */
  public static Tokenizer load(Configuration conf, Path path) {
    try {
      FileSystem files = Storage.reach(conf, path);
      Path file = path.getName().endsWith(".json") ? path : new Path(path, FILE);
      try (InputStream in = files.open(file)) {
        return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), file.toString());
      }
    } catch (FileNotFoundException e) {
      throw new UserError("there is no tokenizer at " + path + "; a " + FILE + " or a folder with one is needed", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** @param json the content of a {@code tokenizer.json}; @param where what errors call it */
  public static Tokenizer parse(String json, String where) {
    return new Tokenizer(json, TokenizerJson.read(json, where), where);
  }

  /** The {@code tokenizer.json} as it was read or trained. */
  public String json() {
    return json;
  }

  /** SHA-256 of {@link #json}, hexadecimal. */
  public String fingerprint() {
    return Fingerprint.of(json);
  }

  /** One more than the largest id. */
  public int vocabularySize() {
    return bytes.length;
  }

  /** The id that ends a document. @throws UserError where the tokenizer has none */
  public int endOfText() {
    if (endOfText < 0)
      throw new UserError("the tokenizer has no " + END_OF_TEXT + "; one of " + ENDS_OF_TEXT
          + " is needed to separate documents");
    return endOfText;
  }

  /** @return ids; special tokens that stand in the text become their ids; @throws UserError for a lone surrogate */
  public int[] encode(String text) {
    return encode(text, all);
  }

  /** As {@link #encode}, but the text of a special token is only text: for documents, which cannot end themselves. */
  public int[] encodeOrdinary(String text) {
    return encode(text, ordinary);
  }

  /** @return the text, special tokens as their content; bytes that are not UTF-8 become U+FFFD */
  public String decode(int[] ids) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(ids.length * 4);
    for (int id : ids) out.writeBytes(bytes(id));
    return out.toString(StandardCharsets.UTF_8);
  }

  /** A decoder for tokens that come one by one. */
  public TextStream stream() {
    return new TextStream(this);
  }

  /** Whether the id stands for no text, such as {@link #endOfText}. */
  public boolean isSpecial(int id) {
    for (Vocabulary.AddedToken token : vocabulary.added()) if (token.id() == id) return token.special();
    return false;
  }

  /** The bytes that a token stands for; none where the id is no token. @param id 0 to {@link #vocabularySize} - 1 */
  public byte[] bytesOf(int id) {
    return bytes[id] == null ? new byte[0] : bytes[id].clone();
  }

  /** The bytes that a token stands for. @throws UserError for an id outside the vocabulary */
  byte[] bytes(int id) {
    if (id < 0 || id >= bytes.length || bytes[id] == null)
      throw new UserError("token id " + id + " is not in the vocabulary; ids are 0 to " + (bytes.length - 1));
    return bytes[id];
  }

  private int[] encode(String text, Finder added) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    boolean ascii = utf8.length == text.length() && new String(utf8, StandardCharsets.ISO_8859_1).equals(text);
    if (!ascii) refuseLoneSurrogates(text);
    Ids ids = new Ids(utf8.length / 3);
    added.raw().split(utf8, 0, utf8.length, ids, (raw, from, to) -> {
      if (vocabulary.composed() && !isAscii(raw, from, to)) {
        byte[] composed = Normalizer.composed(new String(raw, from, to - from, StandardCharsets.UTF_8))
            .getBytes(StandardCharsets.UTF_8);
        added.normalized().split(composed, 0, composed.length, ids, (t, start, end) -> encodeText(t, start, end, ids));
      } else {
        added.normalized().split(raw, from, to, ids, (t, start, end) -> encodeText(t, start, end, ids));
      }
    });
    return ids.toArray();
  }

  private void encodeText(byte[] text, int start, int end, Ids ids) {
    if (!vocabulary.prefixSpace() || text[start] == ' ') {
      encodeWords(text, start, end, ids);
      return;
    }
    byte[] prefixed = new byte[end - start + 1];
    prefixed[0] = ' ';
    System.arraycopy(text, start, prefixed, 1, end - start);
    encodeWords(prefixed, 0, prefixed.length, ids);
  }

  private void encodeWords(byte[] text, int start, int end, Ids ids) {
    for (int i = start; i < end;) {
      int wordEnd = words.wordEnd(text, i, end);
      if (wordEnd - i > WordCache.LONGEST) {
        encodeWord(text, i, wordEnd, ids);
      } else if (!cache.addTokens(text, i, wordEnd, ids)) {
        int first = ids.size();
        encodeWord(text, i, wordEnd, ids);
        cache.put(text, i, wordEnd, ids.toArray(first));
      }
      i = wordEnd;
    }
  }

  private void encodeWord(byte[] text, int start, int end, Ids ids) {
    if (wholeWords != null) {
      int token = wholeWords.longest(text, start, end);
      if (bytes[token].length == end - start) {
        ids.add(token);
        return;
      }
    }
    merging.encode(text, start, end, ids);
  }

  private static boolean isAscii(byte[] text, int start, int end) {
    for (int i = start; i < end; i++) if (text[i] < 0) return false;
    return true;
  }

  /** The bytes of the tokens that a word is only because it is taken whole; null where there are none. */
  private byte[][] wholeWords() {
    if (!vocabulary.wholeWords()) return null;
    byte[][] whole = null;
    for (int id : vocabulary.names().values()) {
      if (merging.makes(id)) continue;
      if (whole == null) whole = new byte[bytes.length][];
      whole[id] = bytes[id];
    }
    return whole;
  }

  private static void refuseLoneSurrogates(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Character.isSurrogate(c)) continue;
      boolean pair = Character.isHighSurrogate(c) && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1));
      if (!pair)
        throw new UserError(String.format(
            "the text has a lone surrogate, U+%04X, at index %d; it is not Unicode text and has no UTF-8 form; remove it",
            (int) c, i));
      i++;
    }
  }

  private static byte[][] tokenBytes(Vocabulary vocabulary, String where) {
    int size = 0;
    for (int id : vocabulary.names().values()) size = Math.max(size, id + 1);
    for (Vocabulary.AddedToken token : vocabulary.added()) size = Math.max(size, token.id() + 1);
    byte[][] bytes = new byte[size][];
    for (Vocabulary.AddedToken token : vocabulary.added())
      bytes[token.id()] = token.content().getBytes(StandardCharsets.UTF_8);
    vocabulary.names().forEach((name, id) -> {
      if (bytes[id] != null) return;
      bytes[id] = ByteAlphabet.bytesOf(name);
      if (bytes[id] == null)
        throw new UserError(where + ": token " + id + ", '" + name
            + "', is not written in the byte alphabet; only byte-level tokenizers can be read");
    });
    return bytes;
  }

  /** The tokens of the 256 bytes. */
  static int[] byteIds(Map<String, Integer> names, String where) {
    int[] ids = new int[ByteAlphabet.SIZE];
    Arrays.setAll(ids, b -> {
      Integer id = names.get(ByteAlphabet.nameOf(new byte[]{(byte) b}));
      if (id == null)
        throw new UserError(String.format("%s: the vocabulary has no token for byte 0x%02X; a byte-level vocabulary"
            + " has all 256", where, b));
      return id;
    });
    return ids;
  }
}
