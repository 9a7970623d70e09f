package dev.kindling.data.tokenizer;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;

/** Finds added tokens in a text: the leftmost, of several that start there the longest. */
final class AddedTokens {
  private final List<Vocabulary.AddedToken> longestFirst;
  private final BitSet firstCharacters = new BitSet();

  AddedTokens(List<Vocabulary.AddedToken> tokens) {
    longestFirst = new ArrayList<>(tokens);
    longestFirst.sort(Comparator.comparingInt(token -> -token.content().length()));
    for (Vocabulary.AddedToken token : tokens) firstCharacters.set(token.content().charAt(0));
  }

  /** @return the first index at or behind {@code from} where a token starts, or the text's length */
  int next(String text, int from) {
    if (longestFirst.isEmpty()) return text.length();
    for (int i = from; i < text.length(); i++) {
      if (firstCharacters.get(text.charAt(i)) && at(text, i) != null) return i;
    }
    return text.length();
  }

  /** @return the longest token that starts at the index, or null */
  Vocabulary.AddedToken at(String text, int index) {
    for (Vocabulary.AddedToken token : longestFirst) if (text.startsWith(token.content(), index)) return token;
    return null;
  }
}
