package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.data.SparkInTests;
import dev.kindling.data.clean.CleanSettings;
import dev.kindling.data.clean.Length;
import dev.kindling.data.clean.Masking;
import dev.kindling.data.clean.PatternRule;
import dev.kindling.data.clean.Rule;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Test;

class RuleStepTest {
  @Test
  void aStepKeepsEveryRowAndLeavesAloneWhatWasDroppedBefore() {
    Dataset<Row> documents = SparkInTests.session().createDataFrame(
        List.of(row("1", "write to a@b.org", null), row("2", "a@b.org", "length: too short"), row("3", "x", null)),
        Columns.SCHEMA);
    Dataset<Row> masked = new RuleStep(new Masking(Masking.Kind.EMAIL)).apply(documents);
    List<Row> rows = new RuleStep(new Length(2, 99)).apply(masked).orderBy(Columns.ID).collectAsList();
    assertThat(rows).containsExactly(row("1", "write to <EMAIL>", null), row("2", "a@b.org", "length: too short"),
        row("3", "x", "length: 1 characters, fewer than 2"));
  }

  @Test
  void aDocumentOfWhichARuleLeavesNothingIsDroppedWithTheTextThatItHad() {
    Rule all = PatternRule.of("all", "(?s).*", Optional.of(" \n"));
    Dataset<Row> emptied = new RuleStep(all).apply(Corpus.of(List.of(row("1", "something", null))));
    assertThat(emptied.collectAsList()).containsExactly(row("1", "something", "patterns.all: no text is left"));
  }

  @Test
  void stepsAreNamedAfterTheirRules() {
    CleanSettings settings = new CleanSettings(false, true, List.of(), true, 0, 0, 1, false, false, List.of(),
        List.of(), List.of());
    assertThat(RuleStep.of(settings)).extracting(CorpusStep::name).containsExactly("whitespace", "c4");
  }

  private static Row row(String id, String text, String dropped) {
    return RowFactory.create(id, "corpus", "in.jsonl", 0L, text, dropped);
  }
}
