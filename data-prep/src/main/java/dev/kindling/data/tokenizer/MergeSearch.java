package dev.kindling.data.tokenizer;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Which pair of neighbours is the commonest, kept up to date while pairs are merged: each pair knows its exact count and the
 * words that hold it, so a merge touches only these. A pair is {@code left << 32 | right}.
 */
final class MergeSearch {
  static final long NONE = -1;
  private static final int ANY = -1;

  /** A queue entry holds the count of when it was made; one whose count has changed since is put back corrected. */
  private record Candidate(long count, long pair) {
    static final Comparator<Candidate> ORDER = Comparator.comparingLong((Candidate c) -> -c.count())
        .thenComparingLong(Candidate::pair);
  }

  private static final class Occurrences {
    long count;
    int[] words = new int[4];
    int size;

    void addWord(int word) {
      if (size > 0 && words[size - 1] == word) return;
      if (size == words.length) words = Arrays.copyOf(words, size * 2);
      words[size++] = word;
    }
  }

  private final List<int[]> words;
  private final List<Long> wordCounts;
  private final Map<Long, Occurrences> pairs = new HashMap<>();
  private final PriorityQueue<Candidate> queue = new PriorityQueue<>(Candidate.ORDER);
  private final Set<Long> grown = new HashSet<>();

  /** @param words symbols of each word; replaced as they are merged; @param wordCounts how often each occurs */
  MergeSearch(List<int[]> words, List<Long> wordCounts) {
    this.words = words;
    this.wordCounts = wordCounts;
    for (int w = 0; w < words.size(); w++) count(w, 1, ANY);
    offerGrown();
  }

  /** @return the pair that occurs most often, of equal ones the smallest; {@link #NONE} where no pair is left */
  long best() {
    for (Candidate top = queue.poll(); top != null; top = queue.poll()) {
      Occurrences now = pairs.get(top.pair());
      if (now == null || now.count <= 0) continue;
      if (now.count == top.count()) return top.pair();
      queue.add(new Candidate(now.count, top.pair()));
    }
    return NONE;
  }

  /** Writes {@code whole} for every occurrence of the pair, from the left in each word. */
  void merge(long pair, int whole) {
    Occurrences occurrences = pairs.get(pair);
    int left = (int) (pair >>> 32);
    int right = (int) pair;
    for (int i = 0; i < occurrences.size; i++) {
      int w = occurrences.words[i];
      int[] merged = replace(words.get(w), left, right, whole);
      if (merged.length == words.get(w).length) continue;
      count(w, -1, whole);
      words.set(w, merged);
      count(w, 1, whole);
    }
    pairs.remove(pair);
    grown.remove(pair);
    offerGrown();
  }

  /** @param fresh the token that only pairs new to the word have; the others know the word already */
  private void count(int w, int sign, int fresh) {
    int[] symbols = words.get(w);
    long amount = sign * wordCounts.get(w);
    for (int i = 0; i + 1 < symbols.length; i++) {
      long pair = MergeTable.pair(symbols[i], symbols[i + 1]);
      Occurrences occurrences = pairs.computeIfAbsent(pair, p -> new Occurrences());
      occurrences.count = Math.addExact(occurrences.count, amount);
      if (sign < 0 || fresh != ANY && symbols[i] != fresh && symbols[i + 1] != fresh) continue;
      occurrences.addWord(w);
      grown.add(pair);
    }
  }

  private void offerGrown() {
    for (long pair : grown) queue.add(new Candidate(pairs.get(pair).count, pair));
    grown.clear();
  }

  private static int[] replace(int[] symbols, int left, int right, int whole) {
    int[] merged = new int[symbols.length];
    int size = 0;
    for (int i = 0; i < symbols.length; i++) {
      boolean here = symbols[i] == left && i + 1 < symbols.length && symbols[i + 1] == right;
      merged[size++] = here ? whole : symbols[i];
      if (here) i++;
    }
    return Arrays.copyOf(merged, size);
  }
}
