package dev.kindling.data.tokenizer;

import java.util.Arrays;
import java.util.List;

/** Which pieces a text goes on with from some place: a walk of one step a UTF-16 code unit. */
final class PieceTrie {
  static final int ROOT = 0;
  static final int NONE = -1;
  private static final long FREE = -1;
  private static final long MULTIPLIER = 0x9E3779B97F4A7C15L;

  private long[] keys = new long[1 << 12];
  private int[] children = new int[1 << 12];
  private int[] pieces = new int[1 << 11];
  private int nodes = 1;

  PieceTrie(List<String> names) {
    Arrays.fill(keys, FREE);
    pieces[ROOT] = NONE;
    for (int piece = 0; piece < names.size(); piece++) add(names.get(piece), piece);
  }

  private void add(String name, int piece) {
    int node = ROOT;
    for (int i = 0; i < name.length(); i++) {
      int next = next(node, name.charAt(i));
      node = next == NONE ? grow(node, name.charAt(i)) : next;
    }
    pieces[node] = piece;
  }

  private int grow(int node, char c) {
    if (2 * nodes >= keys.length) rehash();
    if (nodes == pieces.length) pieces = Arrays.copyOf(pieces, 2 * nodes);
    put((long) node << 16 | c, nodes);
    pieces[nodes] = NONE;
    return nodes++;
  }

  private void rehash() {
    long[] oldKeys = keys;
    int[] oldChildren = children;
    keys = new long[2 * oldKeys.length];
    children = new int[keys.length];
    Arrays.fill(keys, FREE);
    for (int i = 0; i < oldKeys.length; i++) if (oldKeys[i] != FREE) put(oldKeys[i], oldChildren[i]);
  }

  private void put(long key, int child) {
    int place = place(key);
    keys[place] = key;
    children[place] = child;
  }

  /** Where the key is, or would be. */
  private int place(long key) {
    int mask = keys.length - 1;
    int place = (int) (key * MULTIPLIER >>> 32) & mask;
    while (keys[place] != FREE && keys[place] != key) place = place + 1 & mask;
    return place;
  }

  /** @return the node one step on, or {@link #NONE} */
  int next(int node, char c) {
    long key = (long) node << 16 | c;
    int place = place(key);
    return keys[place] == key ? children[place] : NONE;
  }

  /** @return the piece that ends at the node, or {@link #NONE} */
  int piece(int node) {
    return pieces[node];
  }
}
