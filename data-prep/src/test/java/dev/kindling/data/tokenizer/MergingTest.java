package dev.kindling.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Encoding against its definition: of all pairs the one of the lowest rank, of these the leftmost, again and again. */
class MergingTest {
  private static final int[] ID_OF_BYTE = new int[256];
  static {
    for (int b = 0; b < 256; b++) ID_OF_BYTE[b] = b;
  }

  @Test
  void wordsOfTrainedMergesAreEncodedAsDefined() {
    Random random = new Random(1);
    for (int round = 0; round < 400; round++) {
      Table table = new Table();
      table.train(random, 1 + round % 4, random.nextInt(1, 40));
      assertThat(table.merging()).isInstanceOf(LongestMatches.class);
      assertAsDefined(table, random, 1 + round % 4);
    }
  }

  @Test
  void wordsOfMergesInAnyOrderAreEncodedAsDefined() {
    Random random = new Random(2);
    int ordered = 0;
    for (int round = 0; round < 600; round++) {
      Table table = new Table();
      table.mergeAnything(random, 1 + round % 4, random.nextInt(1, 20));
      if (round % 3 > 0) Collections.shuffle(table.merges, random);
      if (table.merging() instanceof LongestMatches) ordered++;
      assertAsDefined(table, random, 1 + round % 4);
    }
    assertThat(ordered).isBetween(100, 500);
  }

  @Test
  void aMergeBeforeItsPartsIsNoOrderedTable() {
    Table table = new Table();                                // abc comes first, but waits for ab
    int ab = table.token("ab");
    table.merges.add(new MergeTable.Merge(ab, 'c', table.token("abc")));
    table.merges.add(new MergeTable.Merge('a', 'b', ab));
    table.merges.add(new MergeTable.Merge('c', 'd', table.token("cd")));
    assertThat(table.merging()).isInstanceOf(PairMerging.class);
    assertThat(table.encode("abcd")).isEqualTo(table.byDefinition("abcd"))
        .containsExactly(table.token("abc"), (int) 'd');
  }

  @Test
  void aMillionOfOneCharacterIsEncodedAsPartsOfItAre() {
    Table table = new Table();
    int last = 'a';
    for (int k = 2; k <= 64; k *= 2) {
      int next = table.token("a".repeat(k));
      table.merges.add(new MergeTable.Merge(last, last, next));
      last = next;
    }
    int[] tokens = table.encode("a".repeat(1_000_001));
    assertThat(tokens).hasSize(1_000_000 / 64 + 1).startsWith(last).endsWith((int) 'a');
    assertThat(new PairMerging(new MergeTable(table.merges), ID_OF_BYTE)).satisfies(
        merging -> assertThat(encode(merging, "a".repeat(1_000_001))).isEqualTo(tokens));
  }

  private static void assertAsDefined(Table table, Random random, int letters) {
    Merging merging = table.merging();
    Merging plain = new PairMerging(new MergeTable(table.merges), ID_OF_BYTE);
    for (int k = 0; k < 20; k++) {
      String word = letters(random, letters, k == 0 ? 300 : random.nextInt(1, 60));
      int[] expected = table.byDefinition(word);
      assertThat(encode(merging, word)).as("%s of %s", word, table.merges).isEqualTo(expected);
      assertThat(encode(plain, word)).as("%s of %s", word, table.merges).isEqualTo(expected);
    }
  }

  private static int[] encode(Merging merging, String word) {
    byte[] text = ("<" + word + ">").getBytes(StandardCharsets.UTF_8);
    Ids ids = new Ids(1);
    ids.add(-7);                                              // what stands there already is left alone
    merging.encode(text, 1, text.length - 1, ids);
    assertThat(ids.get(0)).isEqualTo(-7);
    return ids.toArray(1);
  }

  private static String letters(Random random, int different, int length) {
    StringBuilder word = new StringBuilder();
    for (int i = 0; i < length; i++) word.append((char) ('a' + random.nextInt(different)));
    return word.toString();
  }

  /** Tokens and merges of a vocabulary; the first 256 tokens are the bytes. */
  private static final class Table {
    final List<String> tokens = new ArrayList<>();
    final List<MergeTable.Merge> merges = new ArrayList<>();

    Table() {
      for (char c = 0; c < 256; c++) tokens.add(String.valueOf(c));
    }

    int token(String text) {
      if (!tokens.contains(text)) tokens.add(text);
      return tokens.indexOf(text);
    }

    /** The commonest pair of what is left of a random text, or at times any pair of it, becomes a token. */
    void train(Random random, int letters, int count) {
      String text = letters(random, letters, 200);
      for (int k = 0; k < count; k++) {
        int[] left = byDefinition(text);
        if (left.length < 2) return;
        int at = random.nextInt(left.length - 1);
        merges
            .add(new MergeTable.Merge(left[at], left[at + 1], token(tokens.get(left[at]) + tokens.get(left[at + 1]))));
      }
    }

    void mergeAnything(Random random, int letters, int count) {
      List<Integer> known = new ArrayList<>();
      for (int c = 0; c < letters; c++) known.add('a' + c);
      for (int k = 0; k < count; k++) {
        int left = known.get(random.nextInt(known.size()));
        int right = known.get(random.nextInt(known.size()));
        if (tokens.get(left).length() + tokens.get(right).length() > 12) continue;
        int whole = token(tokens.get(left) + tokens.get(right));
        merges.add(new MergeTable.Merge(left, right, whole));
        known.add(whole);
      }
    }

    Merging merging() {
      byte[][] bytes = tokens.stream().map(t -> t.getBytes(StandardCharsets.ISO_8859_1))
          .toArray(byte[][]::new);
      return Merging.of(new MergeTable(merges), bytes, ID_OF_BYTE);
    }

    int[] encode(String word) {
      return MergingTest.encode(merging(), word);
    }

    int[] byDefinition(String word) {
      List<Integer> ids = new ArrayList<>();
      for (char c : word.toCharArray()) ids.add((int) c);
      while (true) {
        int best = Integer.MAX_VALUE;
        int at = -1;
        for (int i = 0; i + 1 < ids.size(); i++) {
          int rank = rank(ids.get(i), ids.get(i + 1));
          if (rank >= best) continue;
          best = rank;
          at = i;
        }
        if (at < 0) return ids.stream().mapToInt(Integer::intValue).toArray();
        ids.set(at, merges.get(best).whole());
        ids.remove(at + 1);
      }
    }

    /** Of a pair that is named twice the later merge counts, as in Hugging Face's map. */
    private int rank(int left, int right) {
      for (int rank = merges.size() - 1; rank >= 0; rank--)
        if (merges.get(rank).left() == left && merges.get(rank).right() == right) return rank;
      return Integer.MAX_VALUE;
    }
  }
}
