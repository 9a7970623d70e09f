package dev.kindling.data.tokenizer;

import java.util.Arrays;

/**
 * The longest token that a text goes on with. The first two bytes find their node in an array, each further one in an open
 * hash table of edges.
 */
final class ByteTrie {
  static final int NONE = -1;
  private static final int NODE_BITS = 23;

  private final int[] ofByte;
  private final int[] ofTwo = new int[1 << 16];
  private long[] edges = new long[1 << 10];                   // (node, byte) in the upper half, the child in the lower
  private int shift = 64 - 10;
  private int edgeCount;
  private int[] longest = new int[1 << 10];                   // of a node: the longest token that its path begins with
  private int[] parents = new int[1 << 10];
  private int nodes = 1;
  private final int[] shorter;

  /** @param tokens bytes of each, null for those that are not looked for; @param idOfByte tokens of the 256 bytes */
  ByteTrie(byte[][] tokens, int[] idOfByte) {
    ofByte = idOfByte.clone();
    int[] nodeOf = new int[tokens.length];
    Arrays.fill(longest, NONE);
    for (int token = 0; token < tokens.length; token++) {
      if (tokens[token] == null || tokens[token].length < 2) continue;
      nodeOf[token] = insert(tokens[token]);
      longest[nodeOf[token]] = token;
    }
    for (int pair = 0; pair < ofTwo.length; pair++) {         // children have higher numbers than their parents
      int node = ofTwo[pair];
      if (node == 0) continue;
      parents[node] = -1 - ofByte[pair >>> 8];
    }
    shorter = new int[tokens.length];
    Arrays.fill(shorter, NONE);
    for (int node = 1; node < nodes; node++) {
      int above = parents[node] < 0 ? -1 - parents[node] : longest[parents[node]];
      if (longest[node] == NONE) longest[node] = above;
      else shorter[longest[node]] = above;
    }
  }

  /** @return the longest token that the bytes from {@code start} on begin with; one of a byte at least */
  int longest(byte[] text, int start, int end) {
    int first = text[start] & 0xFF;
    if (start + 1 >= end) return ofByte[first];
    int node = ofTwo[first << 8 | text[start + 1] & 0xFF];
    if (node == 0) return ofByte[first];
    for (int i = start + 2; i < end; i++) {
      int child = child(node, text[i]);
      if (child == 0) break;
      node = child;
    }
    return longest[node];
  }

  /** @return the next shorter token that this one begins with, or {@link #NONE} */
  int shorter(int token) {
    return shorter[token];
  }

  private int insert(byte[] token) {
    int pair = (token[0] & 0xFF) << 8 | token[1] & 0xFF;
    if (ofTwo[pair] == 0) ofTwo[pair] = newNode(0);
    int node = ofTwo[pair];
    for (int i = 2; i < token.length; i++) {
      int child = child(node, token[i]);
      if (child == 0) {
        child = newNode(node);
        link(key(node, token[i]), child);
      }
      node = child;
    }
    return node;
  }

  private int newNode(int parent) {
    if (nodes == longest.length) {
      if (nodes >= 1 << NODE_BITS) throw new IllegalArgumentException("more than 2^" + NODE_BITS + " nodes");
      parents = Arrays.copyOf(parents, nodes * 2);
      longest = Arrays.copyOf(longest, nodes * 2);
      Arrays.fill(longest, nodes, nodes * 2, NONE);
    }
    parents[nodes] = parent;
    return nodes++;
  }

  private void link(int key, int child) {
    if (++edgeCount * 2 > edges.length) {
      long[] old = edges;
      edges = new long[old.length * 2];
      shift--;
      for (long edge : old) if (edge != 0) edges[slot((int) (edge >>> 32))] = edge;
    }
    edges[slot(key)] = (long) key << 32 | child;
  }

  private int child(int node, byte b) {
    return (int) edges[slot(key(node, b))];
  }

  private int slot(int key) {
    int slot = (int) (key * 0x9E3779B97F4A7C15L >>> shift);
    while (edges[slot] != 0 && (int) (edges[slot] >>> 32) != key) slot = slot + 1 & edges.length - 1;
    return slot;
  }

  private static int key(int node, byte b) {
    return node << 8 | b & 0xFF;
  }
}
