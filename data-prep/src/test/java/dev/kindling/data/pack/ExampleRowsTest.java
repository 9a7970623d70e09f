package dev.kindling.data.pack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExampleRowsTest {
  private static final int END = 0;

  /** Rows of 7 tokens. 5, 4, 3 and 2 tokens: 5 and 2 make one row, 4 and 3 the other. */
  @Test
  void examplesStandWholeBehindEachOtherAndOnlyWhatTheySayIsLearned() throws IOException {
    List<PackedRow> rows = new ArrayList<>();
    ExampleRows packing = new ExampleRows(6, END);
    List<WholeDocument> examples = List.of(example("a", 2, 11, 12, 13, 14), example("b", 4, 21, 22, 23, 24, 25),
        example("c", 1, 31, 32), example("d", 1, 41, 42, 43), example("e", 1, 51, 52));
    assertThat(packing.count(new int[]{4, 5, 2, 3, 2})).isEqualTo(3);
    packing.write(examples, 8, rows::add);
    assertThat(rows).extracting(PackedRow::tokens).containsExactly(new int[]{11, 12, 13, 14, 41, 42, 43},
        new int[]{21, 22, 23, 24, 25, 31, 32}, new int[]{51, 52, END, END, END, END, END});
    assertThat(rows).extracting(PackedRow::learned).containsExactly(
        new boolean[]{false, false, true, true, false, true, true},
        new boolean[]{false, false, false, false, true, false, true},
        new boolean[]{false, true, false, false, false, false, false});
    assertThat(rows).extracting(PackedRow::targets).containsExactly(6, 6, 1);
    assertThat(rows).extracting(PackedRow::row).containsExactly(8L, 9L, 10L);
    assertThat(rows.get(0).spans()).containsExactly(new PackedRow.Span("a", 0, 4, 0), new PackedRow.Span("d", 4, 7, 0));
  }

  @Test
  void bothSequencesOfAPairStandInOneRow() throws IOException {
    List<PackedRow> rows = new ArrayList<>();
    new ExampleRows(6, END).write(List.of(new WholeDocument("a", new int[]{11, 12, 11, 13},
        new boolean[]{false, true, false, true}, 2)), 0, rows::add);
    assertThat(rows.get(0).tokens()).containsExactly(11, 12, 11, 13, END, END, END);
    assertThat(rows.get(0).spans()).containsExactly(new PackedRow.Span("a", 0, 2, 0), new PackedRow.Span("a", 2, 4, 2));
  }

  /** @param prompt how many tokens are not learned */
  private static WholeDocument example(String id, int prompt, int... tokens) {
    boolean[] learned = new boolean[tokens.length];
    for (int i = prompt; i < tokens.length; i++) learned[i] = true;
    return new WholeDocument(id, tokens, learned);
  }
}
