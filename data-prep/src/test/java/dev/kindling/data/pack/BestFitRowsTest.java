package dev.kindling.data.pack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class BestFitRowsTest {
  private static final int END = 0;
  private static final CharacterCount LETTERS = CharacterCount.of(5000, id -> new byte[]{'a'});

  @Test
  void documentsThatFitStayWholeAndALongOneIsCutIntoFullRowsAndARest() throws IOException {
    List<PackedRow> rows = pack(4, List.of(2, 9, 1));
    assertThat(rows).extracting(PackedRow::tokens).containsExactly(
        new int[]{END, 100, 101, END, END},              // the first document: 2 tokens and its end, and one place empty
        new int[]{END, 200, 201, 202, 203},
        new int[]{203, 204, 205, 206, 207},
        new int[]{END, 207, 208, END, END},              // 207 is read again, not learned again
        new int[]{END, 300, END, END, END});
    assertThat(rows).extracting(PackedRow::targets).containsExactly(3, 4, 4, 3, 2);
    assertThat(rows).extracting(PackedRow::row).containsExactly(0L, 1L, 2L, 3L, 4L);
    assertThat(rows.get(3).learned()).containsExactly(false, false, true, true, false);
    assertThat(rows).filteredOn(row -> row.learned() == null).hasSize(4);
    assertThat(rows.get(2).spans()).containsExactly(new PackedRow.Span("2", 0, 5, 3, 3));
    assertThat(rows.get(3).spans()).containsExactly(new PackedRow.Span("2", 1, 4, 7, 7));
  }

  @Test
  void whatIsSmallFillsUpTheFullestRow() throws IOException {
    List<PackedRow> rows = pack(6, List.of(1, 3, 2, 0));      // 2, 4, 3 and 1 targets
    assertThat(rows).extracting(PackedRow::tokens).containsExactly(new int[]{END, 100, END, 200, 201, 202, END},
        new int[]{END, 300, 301, END, END, END, END});
    assertThat(rows.get(1).targets()).isEqualTo(4);
    assertThat(rows.get(1).spans()).containsExactly(new PackedRow.Span("3", 1, 4, 0, 0),
        new PackedRow.Span("4", 4, 5, 0, 0));
  }

  @Property(tries = 300)
  void everyTokenIsLearnedOnceFromTheOneBeforeItAndNothingIsCutThatFits(
      @ForAll @Size(min = 1, max = 14) List<@IntRange(max = 40) Integer> lengths,
      @ForAll @IntRange(min = 1, max = 11) int sequenceLength) throws IOException {
    List<PackedRow> rows = pack(sequenceLength, lengths);
    assertThat(rows(sequenceLength).count(lengths.stream().mapToInt(Integer::intValue).toArray()))
        .isEqualTo(rows.size());
    Map<String, Set<Long>> learned = new HashMap<>();
    Map<String, Integer> rowsOf = new HashMap<>();
    int empty = 0;
    for (PackedRow row : rows) {
      boolean[] counts = counted(row, sequenceLength);
      int covered = 0;
      for (PackedRow.Span span : row.spans()) {
        rowsOf.merge(span.document(), 1, Integer::sum);
        int document = Integer.parseInt(span.document());
        for (int i = span.start(); i < span.end(); i++) {
          long offset = span.offset() + i - span.start();
          assertThat(row.tokens()[i]).isEqualTo(token(document, offset, lengths));
          if (!counts[i]) continue;
          covered++;
          assertThat(learned.computeIfAbsent(span.document(), any -> new HashSet<>()).add(offset)).isTrue();
          assertThat(row.tokens()[i - 1]).isEqualTo(offset == 0 ? END : token(document, offset - 1, lengths));
        }
      }
      int said = 0;
      for (boolean one : counts) if (one) said++;
      assertThat(covered).as("targets that belong to a document").isEqualTo(said);
      for (int i = row.targets() + 1; i <= sequenceLength; i++) assertThat(row.tokens()[i]).isEqualTo(END);
      if (2 * row.targets() <= sequenceLength) empty++;
    }
    assertThat(empty).as("rows that are not more than half full").isLessThanOrEqualTo(1);
    for (int d = 1; d <= lengths.size(); d++) {
      int targets = lengths.get(d - 1) + 1;
      assertThat(learned.get("" + d)).hasSize(targets);
      assertThat(rowsOf.get("" + d)).isEqualTo((targets + sequenceLength - 1) / sequenceLength);
    }
  }

  @Test
  void groupsAreWindowsOfTheStream() {
    BestFitRows rows = rows(1024);
    long window = 1 << 21;
    assertThat(rows.group(1)).isZero();
    assertThat(rows.group(window)).isZero();
    assertThat(rows.group(window + 1)).isEqualTo(1);
    assertThat(rows.groups(0)).isZero();
    assertThat(rows.groups(2)).isEqualTo(1);
    assertThat(rows.groups(window + 1)).isEqualTo(1);         // its first token is in no group
    assertThat(rows.groups(window + 2)).isEqualTo(2);
    assertThat(rows(1 << 20).group(64L << 20)).isZero();
  }

  private static int token(int document, long offset, List<Integer> lengths) {
    return offset == lengths.get(document - 1) ? END : 100 * document + (int) offset;
  }

  private static boolean[] counted(PackedRow row, int sequenceLength) {
    if (row.learned() != null) return row.learned();
    boolean[] all = new boolean[sequenceLength + 1];
    Arrays.fill(all, 1, 1 + row.targets(), true);
    return all;
  }

  /** @param lengths of documents, whose tokens are 100, 101, ..., then 200, 201, ... */
  private static List<PackedRow> pack(int sequenceLength, List<Integer> lengths) throws IOException {
    List<WholeDocument> documents = new ArrayList<>();
    for (int d = 1; d <= lengths.size(); d++) {
      int[] tokens = new int[lengths.get(d - 1)];
      for (int i = 0; i < tokens.length; i++) tokens[i] = token(d, i, lengths);
      documents.add(new WholeDocument("" + d, tokens, null));
    }
    List<PackedRow> rows = new ArrayList<>();
    rows(sequenceLength).write(documents, 0, rows::add);
    return rows;
  }

  private static BestFitRows rows(int sequenceLength) {
    return new BestFitRows(sequenceLength, END, LETTERS);
  }
}
