package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.kindling.data.SparkInTests;
import dev.kindling.data.clean.CleanSettings;
import dev.kindling.data.clean.LanguageRule;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.decontaminate.DecontaminationSettings;
import dev.kindling.data.dedup.NearSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Planted languages and duplicates, counted by hand. */
class ReportTest {
  private static final String GERMAN = "Der Hund l\u00E4uft jeden Morgen durch den Wald und freut sich \u00FCber die Sonne, Nummer ";
  private static final String ENGLISH = "The weather in the mountains was cold when they walked home through the forest, number ";

  @TempDir
  Path folder;

  @Test
  void clustersOfDuplicatesAreCountedBySizeAndTheLargestShown() throws IOException {
    List<String> lines = new ArrayList<>();
    plant(lines, "twice", 1, 2);                           // exact: clusters of 2, 2, 2, 3 and 9 documents
    plant(lines, "pair", 2, 2);
    plant(lines, "couple", 3, 2);
    plant(lines, "three", 4, 3);
    plant(lines, "nine", 5, 9);
    plant(lines, "alone", 6, 1);
    Priority priority = new Priority(List.of("corpus"));
    PrepReport report = report(lines, List.of(
        new PrepStage("exact", List.of(new ExactDuplicates(priority)), "on"),
        new PrepStage("near", List.of(new NearDuplicates(NearSettings.defaults(), priority)), "on")));
    PrepReport.Duplicates exact = report.duplicates().get(0);
    assertThat(exact.step()).isEqualTo("exact");
    assertThat(exact.clusters()).isEqualTo(5);
    assertThat(exact.documents()).isEqualTo(18);
    assertThat(exact.sizes()).containsExactly(new PrepReport.Length(2, 3, 4), new PrepReport.Length(8, 15, 1));
    assertThat(exact.largest()).extracting(PrepReport.Cluster::survivor).startsWith("nine-0", "three-0");
    PrepReport.Cluster nine = exact.largest().get(0);
    assertThat(nine.documents()).isEqualTo(9);
    assertThat(nine.excerpt()).isEqualTo(ENGLISH + "5");
    assertThat(nine.gone()).extracting(PrepReport.Example::id).containsExactly("nine-1", "nine-2", "nine-3");
    assertThat(nine.gone()).extracting(PrepReport.Example::excerpt).containsOnly(ENGLISH + "5");
    assertThat(report.duplicates().get(1).step()).isEqualTo("near");
  }

  @Test
  void stepsAreToldInTheOrderInWhichTheyRun() throws IOException {
    CleanSettings settings = new CleanSettings(false, false, List.of(), false, 0, 0, 0.5, true, false, List.of(),
        List.of(), List.of());
    List<String> lines = new ArrayList<>(List.of(line("a", "too few words"), line("b", "1234 ".repeat(60)),
        line("c", "?!?!?!?!"), line("d", " ")));
    for (int i = 0; i < 3; i++) lines.add(line("e" + i, (ENGLISH + i + ", and the end of it ").repeat(9)));
    PrepReport report = report(lines, List.of(new PrepStage(PrepStage.CLEAN, RuleStep.of(settings), "some")));
    assertThat(report.stages().get(0).dropped()).extracting(PrepReport.Step::name).containsExactly("empty", "symbols",
        "gopher.words", "gopher.letters");
  }

  @Test
  void aDocumentThatStoodForOthersAndWasDroppedLaterIsNotSaidToStay() throws IOException {
    Path quiz = Files.writeString(folder.resolve("quiz.jsonl"), "{\"question\":\"" + ENGLISH + "1\"}\n");
    Decontamination leaks = new Decontamination(EvaluationFiles.read(new Configuration(),
        new DecontaminationSettings(List.of(quiz.toString()), 8, 8, DecontaminationSettings.Action.DROP)),
        DecontaminationSettings.Action.DROP);
    Path corpus = Files.createDirectories(folder.resolve("corpus"));
    List<String> lines = new ArrayList<>();
    plant(lines, "leaked", 1, 3);
    for (int i = 0; i < 2; i++) lines.add(line("fine-" + i, GERMAN));
    Files.writeString(corpus.resolve("1.jsonl"), String.join("\n", lines));
    PrepOptions options = new PrepOptions(List.of(CorpusSource.jsonl(corpus.toString())), 0, List.of(
        new PrepStage("exact", List.of(new ExactDuplicates(new Priority(List.of("corpus")))), "on"),
        new PrepStage(leaks.name(), List.of(leaks), "drop")), folder.resolve("data").toString(), Optional.empty(), 260,
        16, 0, 1);
    PrepJob.run(SparkInTests.session(), options);
    PrepReport first = PrepReport.parse(Files.readString(folder.resolve("data/" + PrepReport.FILE)));
    assertThat(first.duplicates().get(0).largest()).extracting(PrepReport.Cluster::survivor,
        PrepReport.Cluster::droppedBy).containsExactly(tuple("leaked-0", "decontaminate"), tuple("fine-0", null));
    Files.writeString(corpus.resolve("2.jsonl"), line("more", ENGLISH + 1) + "\n" + line("other", GERMAN + 7) + "\n");
    PrepJob.run(SparkInTests.session(), options);
    PrepReport second = PrepReport.parse(Files.readString(folder.resolve("data/versions/0002/" + PrepReport.FILE)));
    assertThat(second.duplicates().get(0).largest()).extracting(PrepReport.Cluster::survivor,
        PrepReport.Cluster::droppedBy).containsExactly(tuple("leaked-0", "decontaminate"));
  }

  private static void plant(List<String> lines, String id, int number, int copies) {
    for (int i = 0; i < copies; i++) lines.add(line(id + "-" + i, ENGLISH + number));
  }

  @Test
  void languagesAreToldWhereCleaningDoesNotAskForThem() throws IOException {
    PrepReport.Languages found = report(mixed(), List.of()).languages();
    assertThat(found.sampled()).isFalse();
    assertThat(found.documents()).isEqualTo(10);
    assertThat(found.languages()).containsExactly(new PrepReport.Language("en", 7, 70.0),
        new PrepReport.Language("de", 3, 30.0));
  }

  @Test
  void languagesOfALargerDatasetAreThoseOfASampleOfIt() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 3 * LanguageCounts.SAMPLE; i++) lines.add(line("d" + i, (i % 3 == 0 ? GERMAN : ENGLISH) + i));
    PrepReport.Languages found = report(lines, List.of()).languages();
    assertThat(found.sampled()).isTrue();
    assertThat(found.documents()).isEqualTo(LanguageCounts.SAMPLE);
    assertThat(found.languages()).extracting(PrepReport.Language::code).containsExactly("en", "de");
    assertThat(found.languages().get(1).percent()).isBetween(25.0, 42.0);     // 33, by four standard deviations of 500 draws
  }

  @Test
  void languagesThatCleaningKeepsAreCountedWhole() throws IOException {
    for (List<String> kept : List.of(List.of("de"), List.of("de", "en"))) {
      PrepStage clean = new PrepStage(PrepStage.CLEAN,
          List.of(new RuleStep(new LanguageRule(kept, List.of("fr", "en")))), kept.toString());
      PrepReport.Languages found = report(mixed(), List.of(clean)).languages();
      assertThat(found.sampled()).isFalse();
      assertThat(found.documents()).isEqualTo(kept.size() == 1 ? 3 : 10);
      assertThat(found.languages()).contains(new PrepReport.Language("de", 3, kept.size() == 1 ? 100.0 : 30.0));
    }
  }

  private static List<String> mixed() {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 10; i++) lines.add(line("d" + i, (i < 3 ? GERMAN : ENGLISH) + i));
    return lines;
  }

  private static String line(String id, String text) {
    return "{\"id\":\"" + id + "\",\"text\":\"" + text + "\"}";
  }

  private PrepReport report(List<String> lines, List<PrepStage> stages) throws IOException {
    Path in = Files.writeString(Files.createTempFile(folder, "in", ".jsonl"), String.join("\n", lines) + "\n");
    Path out = folder.resolve("out-" + in.getFileName());
    PrepJob.run(SparkInTests.session(), new PrepOptions(List.of(CorpusSource.jsonl(in.toString())), 0, stages,
        out.toString(), Optional.empty(), 260, 16, 0, 1));
    return PrepReport.parse(Files.readString(out.resolve(PrepReport.FILE)));
  }
}
