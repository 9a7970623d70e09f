package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.data.clean.CleanSettings;
import dev.kindling.data.dedup.ParagraphSettings;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Test;

class DuplicatesTest {
  private static final String NOTICE = "All rights reserved. No part of this may be copied without a letter.";

  @Test
  void ofTheSameTextTheFirstStaysBySourceThenFileThenPosition() {
    List<Row> documents = new ArrayList<>(List.of(
        Corpus.document("a", "web", "1.jsonl", 0, "the same"),
        Corpus.document("b", "books", "9.jsonl", 5, "the  same\n"),
        Corpus.document("c", "books", "9.jsonl", 40, "the same"),
        Corpus.document("d", "books", "10.jsonl", 90, "another"),
        Corpus.document("e", "books", "10.jsonl", 7, "another"),
        Corpus.document("f", "unknown", "0.jsonl", 0, "another"),
        Corpus.document("g", "books", "0.jsonl", 0, "The same")));
    Map<String, String> expected = Map.of("a", "exact: the same text as b", "c", "exact: the same text as b", "d",
        "exact: the same text as e", "f", "exact: the same text as e");
    CorpusStep step = new ExactDuplicates(new Priority(List.of("books", "web")));
    for (int partitions : new int[]{1, 7}) {
      Collections.shuffle(documents, new Random(partitions));
      assertThat(
          Corpus.shuffled(partitions, () -> Corpus.dropped(step.apply(Corpus.of(documents).repartition(partitions)))))
          .isEqualTo(expected);
    }
  }

  @Test
  void aDocumentThatWasDroppedBeforeIsNoOriginal() {
    Dataset<Row> documents = Corpus.of(List.of(RowFactory.create("a", "s", "f", 0L, "text", "length: short"),
        Corpus.document("b", "s", "f", 1, "text"), Corpus.document("c", "s", "f", 2, "text")));
    assertThat(Corpus.dropped(new ExactDuplicates(new Priority(List.of())).apply(documents))).isEqualTo(
        Map.of("a", "length: short", "c", "exact: the same text as b"));
  }

  @Test
  void aDocumentThatWasDroppedBeforeStaysAsItIsWhenAnotherHasItsId() {
    Row before = RowFactory.create("b", "s", "f", 9L, "Old.\n\n" + NOTICE, "length: short");
    Dataset<Row> documents = Corpus.of(List.of(Corpus.document("a", "s", "f", 0, NOTICE),
        Corpus.document("b", "s", "f", 1, NOTICE), before));
    for (CorpusStep step : List.of(new ExactDuplicates(new Priority(List.of())),
        new RepeatedParagraphs(new ParagraphSettings(20, 1, true), new Priority(List.of()))))
      assertThat(step.apply(documents).where("position = 9").collectAsList()).containsExactly(before);
  }

  @Test
  void theNoticeOfPagesOfTheWebGoesBehindTheirPreset() {
    List<Row> pages = IntStream.range(0, 3)
        .mapToObj(i -> Corpus.document("p" + i, "s", "f", i, page(i) + "\n\n" + NOTICE)).toList();
    Dataset<Row> cleaned = Corpus.of(pages);
    CleanSettings web = new CleanSettings(CleanSettings.Preset.WEB, false, false, List.of(), false, 0, 0, 1, false,
        false, List.of(), List.of(), List.of());
    for (CorpusStep step : RuleStep.of(web)) cleaned = step.apply(cleaned);
    assertThat(Corpus.dropped(cleaned)).isEmpty();
    cleaned = new RepeatedParagraphs(new ParagraphSettings(20, 1, true), new Priority(List.of())).apply(cleaned);
    assertThat(Corpus.texts(cleaned))
        .isEqualTo(Map.of("p0", page(0) + "\n\n" + NOTICE, "p1", page(1), "p2", page(2)));
  }

  /** Prose of 60 words that no two pages share. */
  private static String page(int number) {
    return IntStream.range(0, 6).mapToObj(line -> IntStream.range(0, 8)
        .mapToObj(word -> "" + (char) ('a' + number) + (char) ('a' + line) + (char) ('a' + word) + "word")
        .collect(Collectors.joining(" ", "The ", " of."))).collect(Collectors.joining("\n"));
  }

  @Test
  void aRepeatedParagraphStaysInTheFirstDocumentOnly() {
    List<Row> documents = List.of(Corpus.document("a", "s", "f", 0, "One.\n\n" + NOTICE),
        Corpus.document("b", "s", "f", 1,
            NOTICE.replace(". ", ".\n") + "\n\nTwo.\n\nTwo."),
        Corpus.document("c", "s", "f", 2, NOTICE), Corpus.document("d", "s", "f", 3, "One."));
    Dataset<Row> cleaned = paragraphs(new ParagraphSettings(20, 1, true), documents);
    assertThat(Corpus.texts(cleaned))
        .isEqualTo(Map.of("a", "One.\n\n" + NOTICE, "b", "Two.\n\nTwo.", "c", NOTICE, "d", "One."));
    assertThat(Corpus.dropped(cleaned)).isEqualTo(Map.of("c", "paragraphs: nothing but repeated paragraphs"));
  }

  @Test
  void aParagraphInMoreDocumentsThanAllowedGoesEverywhere() {
    List<Row> documents = IntStream.range(0, 6)
        .mapToObj(i -> Corpus.document("d" + i, "s", "f", i,
            "Document " + i + ".\n\n" + NOTICE + (i < 3 ? "\n\nThis is only in three of them." : "")))
        .toList();
    Map<String, String> texts = Corpus.texts(paragraphs(new ParagraphSettings(20, 3, false), documents));
    assertThat(texts.get("d0")).isEqualTo("Document 0.\n\nThis is only in three of them.");
    assertThat(texts.get("d5")).isEqualTo("Document 5.");
    assertThat(Corpus.texts(paragraphs(new ParagraphSettings(20, 6, false), documents)).get("d5")).endsWith(NOTICE);
  }

  @Test
  void aBucketOfManyGivesFivePairsADocumentAndIsNotHeld() {
    Iterator<Row> bucket = IntStream.range(0, 100_000).mapToObj(i -> (Row) RowFactory.create(7L, (long) i, true))
        .iterator();
    BucketLinks links = new BucketLinks(bucket);
    long pairs = 0;
    while (links.hasNext()) {
      Row pair = links.next();
      if (pair.getLong(0) <= pair.getLong(1)) throw new AssertionError(pair);
      pairs++;
    }
    assertThat(pairs).isLessThanOrEqualTo(500_000);
  }

  @Test
  void allPairsOfASmallBucketAreComparedAndNoneOfTwoBuckets() {
    List<Row> rows = new ArrayList<>();
    for (long bucket : new long[]{1, 2}) {
      for (long node = 0; node < 6; node++) rows.add(RowFactory.create(bucket, 10 * bucket + node, true));
    }
    List<Row> pairs = new ArrayList<>();
    new BucketLinks(rows.iterator()).forEachRemaining(pairs::add);
    assertThat(pairs).doesNotHaveDuplicates().hasSize(2 * 15)
        .allMatch(pair -> pair.getLong(0) / 10 == pair.getLong(1) / 10);
  }

  @Test
  void whatWasThereBeforeIsComparedWithWhatIsAddedOnly() {
    List<Row> rows = new ArrayList<>();
    for (long node : new long[]{30, 40, 50}) rows.add(RowFactory.create(1L, node, false));
    for (long node : new long[]{10, 45}) rows.add(RowFactory.create(1L, node, true));
    List<Row> pairs = new ArrayList<>();
    new BucketLinks(rows.iterator()).forEachRemaining(pairs::add);
    assertThat(pairs).extracting(pair -> pair.getLong(0) + "-" + pair.getLong(1)).containsExactlyInAnyOrder("30-10",
        "40-10", "50-10", "45-30", "45-40", "50-45", "45-10");
  }

  private static Dataset<Row> paragraphs(ParagraphSettings settings, List<Row> documents) {
    return new RepeatedParagraphs(settings, new Priority(List.of())).apply(Corpus.of(documents));
  }
}
