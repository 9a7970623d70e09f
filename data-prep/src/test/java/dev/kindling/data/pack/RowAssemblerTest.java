package dev.kindling.data.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class RowAssemblerTest {
  private static final int END = 0;
  private static final CharacterCount LETTERS = CharacterCount.of(2000, id -> new byte[]{'a'});

  @Test
  void rowsOverlapByOneTokenAndTheLastIsFilledUp() throws IOException {
    List<PackedRow> rows = pack(3, List.of(piece("a", 1, 0, 11, 12, END), piece("b", 4, 0, 21, END)));
    assertThat(rows).extracting(PackedRow::tokens).containsExactly(new int[]{END, 11, 12, END},
        new int[]{END, 21, END, END});
    assertThat(rows).extracting(PackedRow::targets).containsExactly(3, 2);
    assertThat(rows).extracting(PackedRow::row).containsExactly(0L, 1L);
    assertThat(rows.get(0).spans()).containsExactly(new PackedRow.Span("a", 1, 4, 0, 0));
    assertThat(rows.get(1).spans()).containsExactly(new PackedRow.Span("a", 0, 1, 2, 2),
        new PackedRow.Span("b", 1, 3, 0, 0));
  }

  @Property(tries = 300)
  void everyTokenButTheFirstIsATargetOnceAndSpansTellWhereItCameFrom(
      @ForAll @Size(min = 1, max = 12) List<@IntRange(max = 40) Integer> lengths,
      @ForAll @IntRange(min = 1, max = 9) int sequenceLength) throws IOException {
    List<StreamPiece> pieces = new ArrayList<>();
    List<Integer> stream = new ArrayList<>(List.of(END));
    for (int d = 0; d < lengths.size(); d++) {
      int[] tokens = new int[lengths.get(d) + 1];
      for (int i = 0; i < lengths.get(d); i++) tokens[i] = 100 * (d + 1) + i;
      pieces.add(piece("d" + (d + 1), stream.size(), 0, tokens));
      for (int token : tokens) stream.add(token);
    }
    List<PackedRow> rows = pack(sequenceLength, pieces);
    RowCut cut = new RowCut(sequenceLength);
    assertThat((long) rows.size()).isEqualTo(cut.rows(stream.size()));
    List<Integer> targets = new ArrayList<>();
    for (PackedRow row : rows) {
      assertThat(row.targets()).isEqualTo(cut.targets(row.row(), stream.size()));
      for (int i = 1; i <= row.targets(); i++) targets.add(row.tokens()[i]);
      for (PackedRow.Span span : row.spans()) {
        int document = Integer.parseInt(span.document().substring(1));
        for (int i = span.start(); i < span.end(); i++) {
          int offset = (int) span.offset() + i - span.start();
          int expected = offset == lengths.get(document - 1) ? END : 100 * document + offset;
          assertThat(row.tokens()[i]).isEqualTo(expected);
        }
      }
    }
    assertThat(targets).isEqualTo(stream.subList(1, stream.size()));
  }

  /** Texts cut into tokens anywhere, also within characters, and the documents into pieces anywhere. */
  @Property(tries = 300)
  void spansTellInWhichCharacterOfTheTextTheyStart(
      @ForAll @Size(min = 1, max = 6) List<@StringLength(max = 12) String> texts,
      @ForAll @IntRange(min = 1, max = 7) int sequenceLength, @ForAll Random random) throws IOException {
    List<byte[]> vocabulary = new ArrayList<>(List.of("<|endoftext|>".getBytes(StandardCharsets.UTF_8)));
    List<List<Integer>> characterOfToken = new ArrayList<>();
    List<StreamPiece> pieces = new ArrayList<>();
    List<int[]> tokensOf = new ArrayList<>();
    for (String drawn : texts) {
      String text = new String(drawn.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8) + "\u00e9\uD83D\uDE00";
      List<Integer> characterOfByte = new ArrayList<>();
      int[] codePoints = text.codePoints().toArray();
      for (int c = 0; c < codePoints.length; c++)
        characterOfByte
            .addAll(Collections.nCopies(Character.toString(codePoints[c]).getBytes(StandardCharsets.UTF_8).length, c));
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      List<Integer> ids = new ArrayList<>();
      List<Integer> characters = new ArrayList<>();
      for (int from = 0; from < utf8.length;) {
        int to = Math.min(utf8.length, from + 1 + random.nextInt(3));
        ids.add(vocabulary.size());
        vocabulary.add(Arrays.copyOfRange(utf8, from, to));
        characters.add(characterOfByte.get(from));
        from = to;
      }
      ids.add(END);
      characters.add(codePoints.length);
      tokensOf.add(ids.stream().mapToInt(Integer::intValue).toArray());
      characterOfToken.add(characters);
    }
    CharacterCount count = CharacterCount.of(vocabulary.size(), vocabulary::get);
    long position = 1;
    for (int d = 0; d < tokensOf.size(); d++) {
      int[] tokens = tokensOf.get(d);
      int middle = random.nextInt(tokens.length + 1);
      if (middle > 0) pieces.add(new StreamPiece("" + d, position, 0, 0, Arrays.copyOf(tokens, middle)));
      if (middle < tokens.length)
        pieces.add(new StreamPiece("" + d, position + middle, middle, count.begun(tokens, 0, middle),
            Arrays.copyOfRange(tokens, middle, tokens.length)));
      position += tokens.length;
    }
    for (PackedRow row : pack(sequenceLength, count, pieces)) {
      for (PackedRow.Span span : row.spans()) {
        List<Integer> characters = characterOfToken.get(Integer.parseInt(span.document()));
        assertThat(span.character()).isEqualTo((long) characters.get((int) span.offset()));
      }
    }
  }

  @Test
  void shardsCutTheStreamWithoutGapsWhereverDocumentsLie() {
    ShardCut cut = new ShardCut(4, 3 * (1 << 20) + 7);
    long targets = 0;
    for (int shard = 0; shard < cut.shards(); shard++) {
      assertThat(cut.start(shard)).isEqualTo(cut.firstRow(shard) * 4);
      targets += Math.min(cut.end(shard), cut.stream()) - 1 - cut.start(shard);
    }
    assertThat(targets).isEqualTo(cut.stream() - 1);
    for (long border : new long[]{1, 1 << 20, (1 << 20) + 1, cut.stream() - 1}) {
      assertThat(cut.start(cut.firstShard(border))).isLessThanOrEqualTo(border);
      assertThat(cut.end(cut.firstShard(border))).isGreaterThan(border);
      assertThat(cut.end(cut.lastShard(border + 1))).isGreaterThan(border);
      assertThat(cut.start(cut.lastShard(border + 1))).isLessThanOrEqualTo(border);
    }
    assertThat(new ShardCut(4, 0).shards()).isZero();
  }

  @Test
  void aStretchThatIsMissingIsNoticed() {
    assertThatThrownBy(() -> pack(3, List.of(piece("a", 2, 1, 12, END)))).isInstanceOf(IllegalStateException.class);
  }

  private static StreamPiece piece(String document, long position, long offset, int... tokens) {
    return new StreamPiece(document, position, offset, offset, tokens);
  }

  private static List<PackedRow> pack(int sequenceLength, List<StreamPiece> pieces) throws IOException {
    return pack(sequenceLength, LETTERS, pieces);
  }

  private static List<PackedRow> pack(int sequenceLength, CharacterCount characters, List<StreamPiece> pieces)
      throws IOException {
    List<PackedRow> rows = new ArrayList<>();
    RowAssembler assembler = new RowAssembler(new RowCut(sequenceLength), END, characters, 0, rows::add);
    for (StreamPiece piece : pieces) assembler.add(piece);
    assembler.finish();
    assertThat(rows).allSatisfy(row -> assertThat(Arrays.stream(row.tokens()).count()).isEqualTo(sequenceLength + 1));
    return rows;
  }
}
