package dev.kindling.data.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.UnaryOperator;

/** Finds added tokens in a text: the leftmost, of several that start there the longest. */
final class AddedTokens {
  /** What is done with the text between two tokens. */
  interface Between {
    void text(byte[] text, int start, int end);
  }

  /** A letter of a trie over the tokens' bytes. */
  private static final class Node {
    private final Node[] next = new Node[256];
    private Vocabulary.AddedToken token;
  }

  private final Node root = new Node();
  private final boolean none;

  /** @param form what the tokens' content looks like in the texts */
  AddedTokens(List<Vocabulary.AddedToken> tokens, UnaryOperator<String> form) {
    none = tokens.isEmpty();
    for (Vocabulary.AddedToken token : tokens) {
      Node node = root;
      for (byte b : form.apply(token.content()).getBytes(StandardCharsets.UTF_8)) {
        if (node.next[b & 0xFF] == null) node.next[b & 0xFF] = new Node();
        node = node.next[b & 0xFF];
      }
      if (node.token == null) node.token = token;
    }
  }

  /** All of them, as they are written. */
  static AddedTokens all(List<Vocabulary.AddedToken> tokens) {
    return new AddedTokens(tokens, UnaryOperator.identity());
  }

  /** Those that are texts, as they are written. */
  static AddedTokens ordinary(List<Vocabulary.AddedToken> tokens) {
    return all(tokens.stream().filter(token -> !token.special()).toList());
  }

  /** Adds the ids of the tokens, and has what is between them done in its place. */
  void split(byte[] text, int start, int end, Ids ids, Between between) {
    int from = start;
    for (int i = start; i < end && !none;) {
      int tokenEnd = root.next[text[i] & 0xFF] == null ? i : add(text, i, end, ids, from, between);
      if (tokenEnd > i) from = tokenEnd;
      i = Math.max(i + 1, tokenEnd);
    }
    if (from < end) between.text(text, from, end);
  }

  /** @return the end of the token that starts at {@code start}, or {@code start} where none does */
  private int add(byte[] text, int start, int end, Ids ids, int from, Between between) {
    Vocabulary.AddedToken longest = null;
    int tokenEnd = start;
    Node node = root;
    for (int i = start; i < end; i++) {
      node = node.next[text[i] & 0xFF];
      if (node == null) break;
      if (node.token == null) continue;
      longest = node.token;
      tokenEnd = i + 1;
    }
    if (longest == null) return start;
    if (from < start) between.text(text, from, start);
    ids.add(longest.id());
    return tokenEnd;
  }
}
