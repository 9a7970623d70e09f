package dev.kindling.data.tokenizer;

import dev.kindling.checkpoint.UserError;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * BERT's WordPiece: of each word the longest token that it begins with, then the longest that the rest goes on with; a word that
 * cannot be made so is unknown (Devlin et al. 2019, section 3; Song et al. 2021, arXiv:2012.15524, section 2). Decoding puts a
 * space between words, wherever the text had one.
 */
final class WordPieceTokenizer implements Tokenizer {
  private static final int CACHED = 1 << 16;

  private final String json;
  private final WordPieceVocabulary vocabulary;
  private final Map<String, Integer> begins = new HashMap<>();
  private final Map<String, Integer> goesOn = new HashMap<>();
  private final String[] names;
  private final int unknown;
  private final int longestToken;
  private final AddedTokens all;
  private final AddedTokens ordinary;
  private final Map<String, int[]> cache = new ConcurrentHashMap<>();

  WordPieceTokenizer(String json, WordPieceVocabulary vocabulary) {
    this.json = json;
    this.vocabulary = vocabulary;
    int longest = 0;
    names = new String[Vocabulary.size(vocabulary.names().values(), vocabulary.added())];
    for (Map.Entry<String, Integer> token : vocabulary.names().entrySet()) {
      String name = token.getKey();
      names[token.getValue()] = name;
      begins.put(name, token.getValue());
      longest = Math.max(longest, name.length());
      if (name.startsWith(WordPieceVocabulary.GOES_ON))
        goesOn.put(name.substring(WordPieceVocabulary.GOES_ON.length()), token.getValue());
    }
    for (Vocabulary.AddedToken token : vocabulary.added()) names[token.id()] = token.content();
    longestToken = longest;
    unknown = begins.get(vocabulary.unknown());
    all = AddedTokens.all(vocabulary.added());
    ordinary = AddedTokens.ordinary(vocabulary.added());
  }

  @Override
  public String json() {
    return json;
  }

  @Override
  public int vocabularySize() {
    return names.length;
  }

  @Override
  public int endOfText() {
    if (vocabulary.last().isEmpty())
      throw new UserError("the tokenizer's post_processor puts no token behind a text; one, such as [SEP], is needed to"
          + " separate documents");
    return vocabulary.names().get(vocabulary.last());
  }

  @Override
  public int[] encode(String text) {
    Ids ids = new Ids(text.length() / 3);
    add(text, all, ids);
    return ids.toArray();
  }

  @Override
  public int[] encodeOrdinary(String text) {
    Ids ids = new Ids(text.length() / 3);
    add(text, ordinary, ids);
    return ids.toArray();
  }

  @Override
  public int[] encodeDocument(String text) {
    if (vocabulary.first().isEmpty()) return encodeOrdinary(text);
    Ids ids = new Ids(text.length() / 3);
    ids.add(vocabulary.names().get(vocabulary.first()));
    add(text, ordinary, ids);
    return ids.toArray();
  }

  private void add(String text, AddedTokens added, Ids ids) {
    Tokenizer.refuseLoneSurrogates(text);
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    added.split(utf8, 0, utf8.length, ids, (bytes, start, end) -> vocabulary.words()
        .forEachWord(new String(bytes, start, end - start, StandardCharsets.UTF_8), word -> ids.add(tokensOf(word))));
  }

  private int[] tokensOf(String word) {
    int[] known = cache.get(word);
    if (known != null) return known;
    int[] tokens = cut(word);
    if (cache.size() < CACHED) cache.put(word, tokens);
    return tokens;
  }

  private int[] cut(String word) {
    int[] none = {unknown};
    if (word.codePointCount(0, word.length()) > vocabulary.longest()) return none;
    Ids ids = new Ids(8);
    for (int start = 0; start < word.length();) {
      Map<String, Integer> tokens = start == 0 ? begins : goesOn;
      int end = Math.min(word.length(), start + longestToken);
      while (end > start && !tokens.containsKey(word.substring(start, end))) end--;
      if (end == start) return none;
      ids.add(tokens.get(word.substring(start, end)));
      start = end;
    }
    return ids.toArray();
  }

  @Override
  public String decode(int[] ids) {
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      Tokenizer.verify(id, this);
      text.append(text.length() == 0 ? names[id] : spelled(id));
    }
    return text.toString();
  }

  @Override
  public boolean spellsTexts() {
    return false;
  }

  @Override
  public boolean isSpecial(int id) {
    return Vocabulary.isSpecial(vocabulary.added(), id);
  }

  @Override
  public byte[] bytesOf(int id) {
    return names[id] == null ? new byte[0] : spelled(id).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public boolean isToken(int id) {
    return id >= 0 && id < names.length && names[id] != null;
  }

  /** What a token adds to the text before it. */
  private String spelled(int id) {
    String name = names[id];
    boolean inWord = name.startsWith(WordPieceVocabulary.GOES_ON) && !isSpecial(id);
    return inWord ? name.substring(WordPieceVocabulary.GOES_ON.length()) : " " + name;
  }
}
