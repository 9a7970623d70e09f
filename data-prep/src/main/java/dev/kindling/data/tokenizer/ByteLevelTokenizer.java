package dev.kindling.data.tokenizer;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.clean.Normalizer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;

/** A byte-level byte-pair tokenizer: any text to ids and back to the same text. */
final class ByteLevelTokenizer implements Tokenizer {
  private final String json;
  private final Vocabulary vocabulary;
  private final PreTokenizer words;
  private final Merging merging;
  private final Finder all;
  private final Finder ordinary;
  private final byte[][] bytes;
  private final ByteTrie wholeWords;
  private final OptionalInt endOfText;
  private final WordCache cache = new WordCache();

  /** The added tokens that are looked for: in the text as it is, then in the normal form of what lies between. */
  private record Finder(AddedTokens raw, AddedTokens normalized) {
    static Finder of(List<Vocabulary.AddedToken> tokens, boolean composed) {
      UnaryOperator<String> form = composed ? Normalizer::composed : UnaryOperator.identity();
      return new Finder(
          AddedTokens.all(tokens.stream().filter(token -> !token.normalized()).toList()),
          new AddedTokens(tokens.stream().filter(Vocabulary.AddedToken::normalized).toList(), form));
    }
  }

  ByteLevelTokenizer(String json, Vocabulary vocabulary, String where) {
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
    endOfText = Vocabulary.endOfText(vocabulary.added());
  }

  @Override
  public String json() {
    return json;
  }

  @Override
  public int vocabularySize() {
    return bytes.length;
  }

  @Override
  public int endOfText() {
    return endOfText.orElseThrow(() -> new UserError("the tokenizer has no " + END_OF_TEXT + "; one of " + ENDS_OF_TEXT
        + " is needed to separate documents"));
  }

  @Override
  public int[] encode(String text) {
    return encode(text, all);
  }

  @Override
  public int[] encodeOrdinary(String text) {
    return encode(text, ordinary);
  }

  @Override
  public String decode(int[] ids) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(ids.length * 4);
    for (int id : ids) {
      Tokenizer.verify(id, this);
      out.writeBytes(bytes[id]);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  @Override
  public boolean spellsTexts() {
    return true;
  }

  /** Whether a text begins as if a space stood before it. */
  boolean prefixesSpace() {
    return vocabulary.prefixSpace();
  }

  @Override
  public boolean isSpecial(int id) {
    return Vocabulary.isSpecial(vocabulary.added(), id);
  }

  @Override
  public byte[] bytesOf(int id) {
    return bytes[id] == null ? new byte[0] : bytes[id].clone();
  }

  @Override
  public boolean isToken(int id) {
    return id >= 0 && id < bytes.length && bytes[id] != null;
  }

  private int[] encode(String text, Finder added) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    boolean ascii = utf8.length == text.length() && new String(utf8, StandardCharsets.ISO_8859_1).equals(text);
    if (!ascii) Tokenizer.refuseLoneSurrogates(text);
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

  private static byte[][] tokenBytes(Vocabulary vocabulary, String where) {
    byte[][] bytes = new byte[Vocabulary.size(vocabulary.names().values(), vocabulary.added())][];
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
