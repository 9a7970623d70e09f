package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.data.pack.PackedRow;
import dev.kindling.data.shard.DatasetLabels;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.shard.ShardColumns;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.Seq2SeqBatch;
import dev.kindling.train.objective.LabelledTexts;
import dev.kindling.train.objective.MaskedWords;
import dev.kindling.train.objective.SequenceToSequence;
import dev.kindling.train.objective.SpanCorruption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows of 6 inputs, two of them whole; the third holds 3 tokens, the rest only fills it up. */
class RowObjectivesTest {
  private static final int TIME = 6;
  private static final long[] ROWS = {1, 2};
  @TempDir
  Path folder;

  private PackedDataset dataset() throws Exception {
    return TinyDataset.write(folder, 2 * TIME + 2, 8);
  }

  @Test
  void maskedWordsComeFromTheTokensThatAreThere() throws Exception {
    PackedDataset dataset = dataset();
    RowObjective<EncoderBatch> objective = RowObjectives
        .maskedWords(new MaskedWords(99, 98, 50, Set.of(), 0.5), 7);
    EncoderBatch batch = objective.batch(dataset, ROWS, 3);
    assertThat(batch.time()).isEqualTo(TIME);
    assertThat(batch.lengths()).containsExactly(TIME, dataset.targets(2) + 1);
    for (int i = 0; i < batch.targets().length; i++) {
      int[] tokens = dataset.tokens(ROWS[i / TIME]);
      if (batch.isPadding(i)) assertThat(batch.inputs()[i]).isEqualTo(98);
      else if (batch.targets()[i] != Kernels.IGNORED) assertThat(batch.targets()[i]).isEqualTo(tokens[i % TIME]);
      else assertThat(batch.inputs()[i]).isEqualTo(tokens[i % TIME]);
    }
    assertThat(objective.batch(dataset, ROWS, 3).inputs()).isEqualTo(batch.inputs());
    assertThat(batch.labels()).isEqualTo(3 + Math.round((dataset.targets(2) + 1) * 0.5));
  }

  @Test
  void spansAreCutOutOfTheTokensThatAreThere() throws Exception {
    PackedDataset dataset = dataset();
    Seq2SeqBatch batch = RowObjectives.spans(SpanCorruption.of(200, 90, 91), 7).batch(dataset, ROWS, 3);
    assertThat(batch.inputs()).as("one token of each is cut out, and a span stands last").containsExactly(6, 7, 8, 9,
        10,
        199, 91, 12, 13, 199, 91, 90, 90, 90);
    assertThat(batch.lengths()).containsExactly(7, 4);
    assertThat(batch.targets()).containsExactly(199, 11, 91, 199, 14, 91);
    assertThat(batch.decoderInputs()).containsExactly(90, 199, 11, 90, 199, 14);
  }

  /** Rows as best-fit packing leaves them: two documents, and the rest of a long one, whose first token is only read. */
  @Test
  void padsAndWhatIsOnlyReadAreNoLabelsAndTheModelNeverLearnsFromThem() throws Exception {
    int end = 0;
    List<PackedRow> rows = List.of(
        new PackedRow(0, 5, new int[]{end, 1, 2, end, 3, end, end}, List.of()),
        new PackedRow(1, 4, new int[]{end, 4, 5, 6, end, end, end},
            new boolean[]{false, false, true, true, true, false, false}, List.of()));
    PackedDataset dataset = TinyDataset.of(folder, rows);
    Batch batch = RowObjectives.nextTokens(dataset, new long[]{0, 1}, 1);
    int none = Kernels.IGNORED;
    assertThat(batch.targets()).containsExactly(1, 2, end, 3, end, none, none, 5, 6, end, none, none);
    assertThat(batch.labels()).isEqualTo(8);
    Batch apart = RowObjectives.documentsApart(end).batch(dataset, new long[]{0, 1}, 1);
    assertThat(apart.documents()).as("what fills a row up sees itself alone").containsExactly(0, 0, 0, 3, 3, 5, 0, 0, 0,
        0, 4, 5);
    assertThat(apart.targets()).isEqualTo(batch.targets());
  }

  /** A pair, whose second text is of the second type from its third token on, and a text alone. */
  @Test
  void labelledTextsComeWithTheirTypesAndLabelsAndWithoutWhatFillsTheirRowsUp() throws Exception {
    int end = 3;
    int[] pair = {1, 4, end, 5, end, end, end};
    int[] alone = {1, 6, end, end, end, end, end};
    List<PackedRow.Span> two = List.of(new PackedRow.Span("a", 0, 3, 0), new PackedRow.Span("a", 3, 5, 3));
    List<PackedRow.Span> one = List.of(new PackedRow.Span("b", 0, 3, 0));
    LabelledTexts texts = new LabelledTexts(9);
    DatasetLabels classes = new DatasetLabels("class", labels("x", "y", "z"), null, null);
    EncoderBatch of = RowObjectives.labels(texts, classes, true).batch(TinyDataset.of(folder, List.of(
        new PackedRow(0, 4, pair, null, two, new double[]{2}), new PackedRow(1, 2, alone, null, one, new double[]{0})),
        ShardColumns.CLASS), new long[]{0, 1}, 1);
    assertThat(of.inputs()).containsExactly(1, 4, end, 5, end, 1, 6, end, 9, 9);
    assertThat(of.tokenTypes()).containsExactly(0, 0, 0, 1, 1, 0, 0, 0, 0, 0);
    assertThat(of.lengths()).containsExactly(5, 3);
    assertThat(of.targets()).containsExactly(2, 0);
    assertThat(of.labels()).isEqualTo(2);
    EncoderBatch many = RowObjectives.labels(texts, new DatasetLabels("classes", classes.classes(), null, null), false)
        .batch(TinyDataset.of(folder, List.of(new PackedRow(0, 4, pair, null, two, new double[]{0, 2}),
            new PackedRow(1, 2, alone, null, one, new double[0])), ShardColumns.CLASSES), new long[]{1, 0}, 1);
    assertThat(many.tokenTypes()).isNull();
    assertThat(many.scores()).containsExactly(0, 0, 0, 1, 0, 1);
    EncoderBatch numbers = RowObjectives.labels(texts, new DatasetLabels("number", List.of(), -1.0, 2.5), true)
        .batch(TinyDataset.of(folder, List.of(new PackedRow(0, 4, pair, null, two, new double[]{2.5})),
            ShardColumns.NUMBER), new long[]{0}, 1);
    assertThat(numbers.scores()).containsExactly(2.5f);
  }

  /** A word of two tokens, of which the first has its label; special tokens have none. */
  @Test
  void labelledWordsComeWithALabelForEachFirstTokenAndNoneForWhatFillsTheirRowsUp() throws Exception {
    int none = Kernels.IGNORED;
    List<PackedRow> rows = List.of(
        new PackedRow(0, 4, new int[]{1, 4, 5, 6, 3, 3, 3}, null, List.of(new PackedRow.Span("a", 0, 5, 0)),
            new double[]{none, 2, none, 0, none}),
        new PackedRow(1, 2, new int[]{1, 7, 3, 3, 3, 3, 3}, null, List.of(new PackedRow.Span("b", 0, 3, 0)),
            new double[]{none, 1, none}));
    DatasetLabels tags = new DatasetLabels("tags", labels("B-X", "I-X", "O"), null, null);
    EncoderBatch batch = RowObjectives.labels(new LabelledTexts(9), tags, true)
        .batch(TinyDataset.of(folder, rows, ShardColumns.of(tags.labelKind())), new long[]{0, 1}, 1);
    assertThat(batch.inputs()).containsExactly(1, 4, 5, 6, 3, 1, 7, 3, 9, 9);
    assertThat(batch.tokenTypes()).containsOnly(0);
    assertThat(batch.targets()).containsExactly(none, 2, none, 0, none, none, 1, none, none, none);
    assertThat(batch.labels()).isEqualTo(3);
  }

  /** A pair that fills its row but for the last place, one whose completion is empty, and one of end tokens alone. */
  @Test
  void pairsAreReadAndWrittenEachAsLongAsItIs() throws Exception {
    int end = 1, pad = 9, none = Kernels.IGNORED;
    List<PackedRow> rows = List.of(pair(0, 2, 11, end, 21, 22, 23, end), pair(1, 4, 12, 13, 14, end, end),
        pair(2, 1, end, end));
    PackedDataset dataset = TinyDataset.of(folder, rows);
    Seq2SeqBatch batch = RowObjectives.pairs(new SequenceToSequence(8, pad)).batch(dataset, new long[]{0, 1, 2}, 1);
    assertThat(batch.time()).isEqualTo(4);
    assertThat(batch.inputs()).containsExactly(11, end, pad, pad, 12, 13, 14, end, end, pad, pad, pad);
    assertThat(batch.lengths()).containsExactly(2, 4, 1);
    assertThat(batch.targetTime()).isEqualTo(4);
    assertThat(batch.targets()).containsExactly(21, 22, 23, end, end, none, none, none, end, none, none, none);
    assertThat(batch.decoderInputs()).containsExactly(8, 21, 22, 23, 8, end, pad, pad, 8, end, pad, pad);
    assertThat(batch.labels()).isEqualTo(6);
    assertThat(batch.sampleIds()).containsExactly(0, 1, 2);
    Seq2SeqBatch alone = RowObjectives.pairs(new SequenceToSequence(8, pad)).batch(dataset, new long[]{2}, 5);
    assertThat(alone.inputs()).as("without padding").containsExactly(end);
    assertThat(alone.targets()).containsExactly(end);
    assertThat(alone.decoderInputs()).containsExactly(8);
  }

  /** A row that is filled up with its last token. @param second where what is written begins */
  private static PackedRow pair(int row, int second, int... tokens) {
    int[] all = Arrays.copyOf(tokens, TIME + 1);
    Arrays.fill(all, tokens.length, all.length, tokens[tokens.length - 1]);
    boolean[] learned = new boolean[all.length];
    Arrays.fill(learned, second, tokens.length, true);
    return new PackedRow(row, tokens.length - 1, all, learned,
        List.of(new PackedRow.Span("p", 0, second, 0), new PackedRow.Span("p", second, tokens.length, second)));
  }

  private static List<DatasetLabels.Label> labels(String... names) {
    return Arrays.stream(names).map(name -> new DatasetLabels.Label(name, 1, 0)).toList();
  }

  /** Two examples in a row, the second with two turns; what is left is filled up. */
  @Test
  void examplesSeeThemselvesAloneAndOnlyWhatTheySayIsALabel() throws Exception {
    int end = 0;
    List<PackedRow> rows = List.of(new PackedRow(0, 5, new int[]{1, 2, 3, 4, 5, 6, end},
        new boolean[]{false, false, true, false, true, true, false},
        List.of(new PackedRow.Span("a", 0, 3, 0), new PackedRow.Span("b", 3, 6, 0))));
    Batch batch = RowObjectives.examplesApart().batch(TinyDataset.of(folder, rows), new long[]{0}, 1);
    int none = Kernels.IGNORED;
    assertThat(batch.inputs()).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(batch.targets()).containsExactly(none, 3, none, 5, 6, none);
    assertThat(batch.documents()).containsExactly(0, 0, 0, 3, 3, 3);
    List<PackedRow> shorter = List.of(new PackedRow(0, 2, new int[]{1, 2, 3, end, end, end, end},
        new boolean[]{false, true, true, false, false, false, false}, List.of(new PackedRow.Span("a", 0, 3, 0))));
    assertThat(RowObjectives.examplesApart().batch(TinyDataset.of(folder, shorter), new long[]{0}, 1).documents())
        .as("what fills a row up sees itself alone").containsExactly(0, 0, 0, 3, 4, 5);
  }
}
