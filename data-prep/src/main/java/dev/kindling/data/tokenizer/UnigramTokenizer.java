package dev.kindling.data.tokenizer;

import dev.kindling.checkpoint.UserError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * T5's kind of tokenizer: each word in its most probable pieces (Kudo 2018); characters without a piece that follow each other in a
 * word are one unknown token. Decoding gives words with a space between.
 */
final class UnigramTokenizer implements Tokenizer {
  private static final int CACHED = 1 << 16;

  private final String json;
  private final UnigramVocabulary vocabulary;
  private final UnigramPieces pieces;
  private final int[] idOfPiece;
  private final AddedTokens all;
  private final AddedTokens ordinary;
  private final boolean[] special;
  private final Map<String, int[]> cache = new ConcurrentHashMap<>();

  UnigramTokenizer(String json, UnigramVocabulary vocabulary, String where) {
    this.json = json;
    this.vocabulary = vocabulary;
    List<String> names = vocabulary.names();
    Map<String, Integer> known = new HashMap<>();
    for (int id = 0; id < names.size(); id++)
      if (known.put(names.get(id), id) != null)
        throw new UserError(where + ": model.vocab has '" + names.get(id) + "' twice");
    int size = names.size();
    for (Vocabulary.AddedToken token : vocabulary.added()) size = Math.max(size, token.id() + 1);
    special = new boolean[size];
    for (Vocabulary.AddedToken token : vocabulary.added()) special[token.id()] = token.special();
    List<String> texts = new ArrayList<>();
    List<Integer> ids = new ArrayList<>();
    for (int id = 0; id < names.size(); id++) {
      if (special[id] || id == vocabulary.unknown()) continue;
      texts.add(names.get(id));
      ids.add(id);
    }
    idOfPiece = ids.stream().mapToInt(id -> id).toArray();
    pieces = new UnigramPieces(texts, ids.stream().mapToDouble(id -> vocabulary.scores()[id]).toArray());
    all = AddedTokens.all(vocabulary.added());
    ordinary = AddedTokens.ordinary(vocabulary.added());
  }

  @Override
  public String json() {
    return json;
  }

  @Override
  public int vocabularySize() {
    return special.length;
  }

  @Override
  public int endOfText() {
    return Vocabulary.endOfText(vocabulary.added()).orElseThrow(() -> new UserError(
        "the tokenizer has none of " + ENDS_OF_TEXT + "; one is needed to separate documents"));
  }

  @Override
  public int[] encode(String text) {
    return encode(text, all);
  }

  @Override
  public int[] encodeOrdinary(String text) {
    return encode(text, ordinary);
  }

  private int[] encode(String text, AddedTokens added) {
    Tokenizer.refuseLoneSurrogates(text);
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    Ids ids = new Ids(utf8.length / 3);
    added.split(utf8, 0, utf8.length, ids, (bytes, start, end) -> UnigramWords.forEachWord(
        new String(bytes, start, end - start, StandardCharsets.UTF_8), word -> ids.add(tokensOf(word))));
    return ids.toArray();
  }

  private int[] tokensOf(String word) {
    int[] known = cache.get(word);
    if (known != null) return known;
    Ids ids = new Ids(8);
    boolean unknown = false;
    for (int piece : pieces.best(word)) {
      boolean now = piece == UnigramPieces.UNKNOWN;
      if (!now || !unknown) ids.add(now ? vocabulary.unknown() : idOfPiece[piece]);
      unknown = now;
    }
    int[] tokens = ids.toArray();
    if (cache.size() < CACHED) cache.put(word, tokens);
    return tokens;
  }

  @Override
  public String decode(int[] ids) {
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      Tokenizer.verify(id, this);
      text.append(spelled(id));
    }
    boolean word = ids.length > 0 && !special[ids[0]] && text.length() > 0 && text.charAt(0) == ' ';
    return word ? text.substring(1) : text.toString();
  }

  @Override
  public boolean spellsTexts() {
    return false;
  }

  @Override
  public boolean isSpecial(int id) {
    return id >= 0 && id < special.length && special[id];
  }

  @Override
  public byte[] bytesOf(int id) {
    return isToken(id) ? spelled(id).getBytes(StandardCharsets.UTF_8) : new byte[0];
  }

  @Override
  public boolean isToken(int id) {
    return id >= 0 && (id < vocabulary.names().size()
        || vocabulary.added().stream().anyMatch(token -> token.id() == id));
  }

  private String spelled(int id) {
    for (Vocabulary.AddedToken token : vocabulary.added()) if (token.id() == id) return token.content();
    return vocabulary.names().get(id).replace(UnigramWords.SPACE, ' ');
  }
}
