package dev.kindling.data.pack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SingleRowsTest {
  private static final int END = 1;

  /** Rows of 7 tokens: one that is full but for the last, one of an empty completion, one of two end tokens. */
  @Test
  void eachPairIsARowAndOnlyWhatIsWrittenIsLearned() throws IOException {
    List<PackedRow> rows = new ArrayList<>();
    SingleRows packing = new SingleRows(6, END);
    packing.write(List.of(pair("a", 4, 11, 12, 13, END, 14, END), pair("b", 3, 21, 22, END, END),
        pair("c", 1, END, END)), 8, rows::add);
    assertThat(packing.count(new int[]{6, 4, 2})).isEqualTo(3);
    assertThat(packing.filled(12, 3, 3)).isEqualTo(12);
    assertThat(rows).extracting(PackedRow::row).containsExactly(8L, 9L, 10L);
    assertThat(rows).extracting(PackedRow::tokens).containsExactly(new int[]{11, 12, 13, END, 14, END, END},
        new int[]{21, 22, END, END, END, END, END}, new int[]{END, END, END, END, END, END, END});
    assertThat(rows).extracting(PackedRow::targets).containsExactly(5, 3, 1);
    assertThat(rows).extracting(PackedRow::learned).containsExactly(
        new boolean[]{false, false, false, false, true, true, false},
        new boolean[]{false, false, false, true, false, false, false},
        new boolean[]{false, true, false, false, false, false, false});
    assertThat(rows.get(0).spans()).containsExactly(new PackedRow.Span("a", 0, 4, 0), new PackedRow.Span("a", 4, 6, 4));
    assertThat(rows.get(2).spans()).containsExactly(new PackedRow.Span("c", 0, 1, 0), new PackedRow.Span("c", 1, 2, 1));
  }

  private static WholeDocument pair(String id, int second, int... tokens) {
    boolean[] learned = new boolean[tokens.length];
    for (int i = second; i < tokens.length; i++) learned[i] = true;
    return new WholeDocument(id, tokens, learned, second);
  }
}
