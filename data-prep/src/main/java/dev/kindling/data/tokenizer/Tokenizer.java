package dev.kindling.data.tokenizer;

import dev.kindling.checkpoint.UserError;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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
  private static final int CACHED_WORDS = 1 << 16;
  private static final int LONGEST_CACHED = 32;

  private final String json;
  private final Vocabulary vocabulary;
  private final MergeTable merges;
  private final AddedTokens allAdded;
  private final AddedTokens textAdded;
  private final byte[][] bytes;
  private final int[] idOfByte;
  private final int endOfText;
  private final Map<String, int[]> cache = new ConcurrentHashMap<>();

  private Tokenizer(String json, Vocabulary vocabulary, String where) {
    this.json = json;
    this.vocabulary = vocabulary;
    merges = new MergeTable(vocabulary.merges());
    allAdded = new AddedTokens(vocabulary.added());
    textAdded = new AddedTokens(vocabulary.added().stream().filter(token -> !token.special()).toList());
    bytes = tokenBytes(vocabulary, where);
    idOfByte = byteIds(vocabulary, where);
    endOfText = vocabulary.added().stream().filter(token -> ENDS_OF_TEXT.contains(token.content()))
        .mapToInt(Vocabulary.AddedToken::id).findFirst().orElse(-1);
  }

  /**
   * @param path a {@code tokenizer.json} or a folder that holds one
   * @throws UserError where there is none or it is not a byte-level byte-pair tokenizer
   */
  public static Tokenizer load(Configuration conf, Path path) {
    try {
      FileSystem files = path.getFileSystem(conf);
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
    return encode(text, allAdded);
  }

  /** As {@link #encode}, but the text of a special token is only text: for documents, which cannot end themselves. */
  public int[] encodeOrdinary(String text) {
    return encode(text, textAdded);
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

  /** The bytes that a token stands for. @throws UserError for an id outside the vocabulary */
  byte[] bytes(int id) {
    if (id < 0 || id >= bytes.length || bytes[id] == null)
      throw new UserError("token id " + id + " is not in the vocabulary; ids are 0 to " + (bytes.length - 1));
    return bytes[id];
  }

  private int[] encode(String text, AddedTokens added) {
    refuseLoneSurrogates(text);
    Ids ids = new Ids(text.length() / 3);
    int start = 0;
    while (start < text.length()) {
      int end = added.next(text, start);
      encodeSegment(text, start, end, ids);
      if (end == text.length()) break;
      Vocabulary.AddedToken token = added.at(text, end);
      ids.add(token.id());
      start = end + token.content().length();
    }
    return ids.toArray();
  }

  private void encodeSegment(String text, int start, int end, Ids ids) {
    if (start == end) return;
    if (vocabulary.prefixSpace() && text.charAt(start) != ' ') {
      encodeWords(" " + text.substring(start, end), 0, end - start + 1, ids);
    } else {
      encodeWords(text, start, end, ids);
    }
  }

  private void encodeWords(String text, int start, int end, Ids ids) {
    for (int i = start; i < end;) {
      int wordEnd = vocabulary.words() ? PreTokenizer.wordEnd(text, i, end) : end;
      ids.add(word(text.substring(i, wordEnd)));
      i = wordEnd;
    }
  }

  private int[] word(String word) {
    if (word.length() > LONGEST_CACHED) return encodeWord(word);
    int[] known = cache.get(word);
    if (known != null) return known;
    int[] ids = encodeWord(word);
    if (cache.size() < CACHED_WORDS) cache.put(word, ids);
    return ids;
  }

  private int[] encodeWord(String word) {
    byte[] utf8 = word.getBytes(StandardCharsets.UTF_8);
    if (vocabulary.wholeWords()) {
      Integer id = vocabulary.names().get(ByteAlphabet.nameOf(utf8));
      if (id != null) return new int[]{id};
    }
    int[] symbols = new int[utf8.length];
    for (int i = 0; i < symbols.length; i++) symbols[i] = idOfByte[utf8[i] & 0xFF];
    return PairMerging.merge(symbols, merges);
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

  private static int[] byteIds(Vocabulary vocabulary, String where) {
    int[] ids = new int[ByteAlphabet.SIZE];
    Arrays.setAll(ids, b -> {
      Integer id = vocabulary.names().get(ByteAlphabet.nameOf(new byte[]{(byte) b}));
      if (id == null)
        throw new UserError(String.format("%s: the vocabulary has no token for byte 0x%02X; a byte-level vocabulary"
            + " has all 256", where, b));
      return id;
    });
    return ids;
  }

}
