package dev.kindling.data.tokenizer;

import java.util.Arrays;
import java.util.List;

/**
 * A unigram language model over pieces (Kudo 2018, arXiv:1804.10959, section 3.2): a word's probability is the sum over all ways to cut
 * it into pieces, that of a way the product over its pieces. {@link #addExpected} is for one thread at a time.
 */
final class UnigramPieces {
  /** In a way through a word: a character that no piece begins with. */
  static final int UNKNOWN = -1;
  /** What an unknown character costs more than the rarest piece, as in sentencepiece. */
  private static final double UNKNOWN_PENALTY = 10;

  private final List<String> names;
  private final double[] scores;
  private final PieceTrie trie;
  private final double unknownScore;
  private Edges edges = new Edges();

  /** Where pieces lie in a word, in the order of their starts. */
  private static final class Edges {
    int[] start = new int[64];
    int[] end = new int[64];
    int[] piece = new int[64];
    int count;

    void add(int from, int to, int id) {
      if (count == start.length) {
        start = Arrays.copyOf(start, 2 * count);
        end = Arrays.copyOf(end, 2 * count);
        piece = Arrays.copyOf(piece, 2 * count);
      }
      start[count] = from;
      end[count] = to;
      piece[count++] = id;
    }
  }

  /** Sums of positive numbers far outside the range of a double: mantissas and powers of two. Scaling is exact, so that the sum is the same everywhere. */
  private static final class Sums {
    final double[] mantissa;
    final int[] exponent;

    Sums(int size) {
      mantissa = new double[size];
      exponent = new int[size];
    }

    void add(int at, double value, int power) {
      int own = Math.getExponent(value);
      double scaled = Math.scalb(value, -own);
      int whole = power + own;
      if (mantissa[at] == 0) {
        mantissa[at] = scaled;
        exponent[at] = whole;
      } else if (whole > exponent[at]) {
        mantissa[at] = scaled + Math.scalb(mantissa[at], exponent[at] - whole);
        exponent[at] = whole;
      } else {
        mantissa[at] += Math.scalb(scaled, whole - exponent[at]);
      }
    }
  }

  /** @param names of one character and more; @param scores natural logarithms of their probabilities */
  UnigramPieces(List<String> names, double[] scores) {
    this.names = names;
    this.scores = scores;
    trie = new PieceTrie(names);
    unknownScore = Arrays.stream(scores).min().orElse(0) - UNKNOWN_PENALTY;
  }

  List<String> names() {
    return names;
  }

  double[] scores() {
    return scores;
  }

  int size() {
    return scores.length;
  }

  /**
   * The most probable way to cut a word (Viterbi 1967); of equally probable ones that whose last piece starts first, as in Hugging
   * Face tokenizers.
   *
   * @return pieces, {@link #UNKNOWN} for a character without one
   */
  int[] best(String word) {
    return best(word, word.length());
  }

  /** @return the most probable way to cut a piece into others, null where there is none */
  int[] alternative(int piece) {
    String name = names.get(piece);
    if (name.codePointCount(0, name.length()) == 1) return null;
    int[] path = best(name, name.length() - 1);
    return Arrays.stream(path).anyMatch(id -> id == UNKNOWN) ? null : path;
  }

  /** @param longest UTF-16 code units of a piece */
  private int[] best(String word, int longest) {
    int length = word.length();
    double[] score = new double[length + 1];
    int[] from = new int[length + 1];
    int[] last = new int[length + 1];
    Arrays.fill(from, -1);
    for (int start = 0; start < length;) {
      int single = start + Character.charCount(word.codePointAt(start));
      boolean begins = false;
      int node = PieceTrie.ROOT;
      for (int end = start + 1; end <= Math.min(length, start + longest); end++) {
        node = trie.next(node, word.charAt(end - 1));
        if (node == PieceTrie.NONE) break;
        int piece = trie.piece(node);
        if (piece == PieceTrie.NONE) continue;
        offer(score, from, last, start, end, piece, scores[piece]);
        begins |= end == single;
      }
      if (!begins) offer(score, from, last, start, single, UNKNOWN, unknownScore);
      start = single;
    }
    int count = 0;
    for (int end = length; end > 0; end = from[end]) count++;
    int[] path = new int[count];
    for (int end = length; end > 0; end = from[end]) path[--count] = last[end];
    return path;
  }

  private static void offer(double[] score, int[] from, int[] last, int start, int end, int piece, double own) {
    double sum = own + score[start];
    if (from[end] >= 0 && sum <= score[end]) return;
    score[end] = sum;
    from[end] = start;
    last[end] = piece;
  }

  /**
   * Adds how often each piece is expected in a word (Baum 1972: forward and backward sums over all ways), times the word's count,
   * in steps of 2^-{@code bits}: whole numbers, whose sum does not depend on the order.
   *
   * @param probabilities of the pieces; @return whether the word can be cut into pieces
   */
  boolean addExpected(String word, long count, double[] probabilities, int bits, long[] expected) {
    int length = word.length();
    Sums before = new Sums(length + 1);
    Sums behind = new Sums(length + 1);
    edges.count = 0;
    before.add(0, 1, 0);
    for (int start = 0; start < length; start++) {
      if (before.mantissa[start] == 0) continue;
      int node = PieceTrie.ROOT;
      for (int end = start + 1; end <= length; end++) {
        node = trie.next(node, word.charAt(end - 1));
        if (node == PieceTrie.NONE) break;
        int piece = trie.piece(node);
        if (piece == PieceTrie.NONE) continue;
        edges.add(start, end, piece);
        before.add(end, before.mantissa[start] * probabilities[piece], before.exponent[start]);
      }
    }
    if (before.mantissa[length] == 0) return false;
    behind.add(length, 1, 0);
    for (int e = edges.count - 1; e >= 0; e--) {
      int end = edges.end[e];
      if (behind.mantissa[end] == 0) continue;
      behind.add(edges.start[e], behind.mantissa[end] * probabilities[edges.piece[e]], behind.exponent[end]);
    }
    for (int e = 0; e < edges.count; e++) {
      int start = edges.start[e];
      int end = edges.end[e];
      if (behind.mantissa[end] == 0) continue;
      double share = before.mantissa[start] * behind.mantissa[end] / before.mantissa[length]
          * probabilities[edges.piece[e]];
      double times = Math.scalb(share * count,
          before.exponent[start] + behind.exponent[end] - before.exponent[length] + bits);
      expected[edges.piece[e]] = Math.addExact(expected[edges.piece[e]], Math.round(times));
    }
    return true;
  }
}
