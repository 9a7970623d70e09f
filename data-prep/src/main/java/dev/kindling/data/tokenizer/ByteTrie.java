package dev.kindling.data.tokenizer;

import java.util.Arrays;

/**
 * The longest token that a text goes on with. The first two bytes find their node in an array, each further one in an open
 * hash table of edges, which is only asked where the node has an edge for such a byte.
 */
final class ByteTrie {
  static final int NONE = -1;
  private static final int NODE_BITS = 23;

  private final int[] ofByte;
  private final int[] ofTwo = new int[1 << 16];
  private final int[] shorter;
  private long[] nodes = new long[1 << 10];                   // {byte modulo 32 of each edge: 32 bits, longest token: 32 bits}
  private int[] parents = new int[1 << 10];                   // those of two bytes have 0, which is no node
  private int size = 1;
  private long[] edges = new long[1 << 10];                   // {node: 24 bits, byte: 8, child: 32}
  private int shift = 64 - 10;
  private int edgeCount;

  /** @param tokens bytes of each, null for those that are not looked for; @param idOfByte tokens of the 256 bytes */
  ByteTrie(byte[][] tokens, int[] idOfByte) {
    ofByte = idOfByte.clone();
    shorter = new int[tokens.length];
    Arrays.fill(shorter, NONE);
    int[] own = new int[1 << 10];                             // of a node: the token that ends there, plus 1
    for (int token = 0; token < tokens.length; token++) {
      if (tokens[token] == null || tokens[token].length < 2) continue;
      int node = insert(tokens[token]);
      if (node >= own.length) own = Arrays.copyOf(own, nodes.length);
      own[node] = token + 1;
    }
    for (int pair = 0; pair < ofTwo.length; pair++)
      if (ofTwo[pair] != 0) end(ofTwo[pair], own, ofByte[pair >>> 8]);
    for (int node = 1; node < size; node++)                   // children have higher numbers than their parents
      if (parents[node] != 0) end(node, own, (int) nodes[parents[node]]);
  }

  private void end(int node, int[] own, int above) {
    int token = node < own.length ? own[node] - 1 : NONE;
    if (token != NONE) shorter[token] = above;
    nodes[node] |= token == NONE ? above : token;
  }

  /** @return the longest token that the bytes from {@code start} on begin with; one of a byte at least */
  int longest(byte[] text, int start, int end) {
    int first = text[start] & 0xFF;
    if (start + 1 >= end) return ofByte[first];
    int at = ofTwo[first << 8 | text[start + 1] & 0xFF];
    if (at == 0) return ofByte[first];
    long node = nodes[at];
    for (int i = start + 2; i < end && (node >>> 32 + (text[i] & 31) & 1) != 0; i++) {
      at = child(at, text[i]);
      if (at == 0) break;
      node = nodes[at];
    }
    return (int) node;
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
        nodes[node] |= 1L << 32 + (token[i] & 31);
        link(key(node, token[i]), child);
      }
      node = child;
    }
    return node;
  }

  private int newNode(int parent) {
    if (size == nodes.length) {
      if (size >= 1 << NODE_BITS) throw new IllegalArgumentException("more than 2^" + NODE_BITS + " nodes");
      parents = Arrays.copyOf(parents, size * 2);
      nodes = Arrays.copyOf(nodes, size * 2);
    }
    parents[size] = parent;
    return size++;
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
