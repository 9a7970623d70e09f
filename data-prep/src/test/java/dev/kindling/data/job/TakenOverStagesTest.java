package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.decontaminate.DecontaminationSettings;
import dev.kindling.data.shard.DatasetInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run goes on with that another left. */
class TakenOverStagesTest {
  @TempDir
  Path folder;
  private PrepRuns runs;

  @BeforeEach
  void runsInTheFolder() {
    runs = new PrepRuns(folder);
  }

  @Test
  void aRunAfterAKillTakesOverTheStagesThatWereFinishedAndMakesTheSame() throws IOException {
    Path in = runs.write("in.jsonl", 30);
    List<PrepStage> stages = List.of(new PrepStage("second", List.of(new WithoutWord("no-17", "strong 17")), "17"));
    DatasetInfo whole = runs.run("whole", 0, stages, line -> {}, CorpusSource.jsonl(in.toString())).info();
    assertThatThrownBy(() -> runs.run("killed", 0, stages, line -> {
      if (line.startsWith("Encoding")) throw new LinkageError("as if killed: nothing is cleared up");
    }, CorpusSource.jsonl(in.toString()))).isInstanceOf(LinkageError.class);
    assertThat(folder.resolve("killed/dataset.json")).doesNotExist();
    assertThat(unfinished("killed")).contains("second");
    List<String> said = new ArrayList<>();
    DatasetInfo again = runs.run("killed", 0, stages, said::add, CorpusSource.jsonl(in.toString())).info();
    assertThat(said).filteredOn(line -> line.startsWith("Taking over")).hasSize(2);
    assertThat(again).isEqualTo(whole);
    assertThat(folder.resolve("killed/_unfinished")).doesNotExist();
  }

  @Test
  void aStageOfAnotherVersionOfTheCodeIsNotTakenOver() {
    List<PrepStage> stages = List.of(new PrepStage(PrepStage.CLEAN, List.of(), ""),
        new PrepStage("second", List.of(), "x"));
    PrepOptions options = PrepOptions.of(CorpusSource.jsonl("in.jsonl"), "out");
    assertThat(CorpusFlow.fingerprints(options, stages, "inputs", "1 0.1.0").values())
        .doesNotContainAnyElementsOf(CorpusFlow.fingerprints(options, stages, "inputs", "1 0.2.0").values())
        .containsExactlyElementsOf(CorpusFlow.fingerprints(options, stages, "inputs", "1 0.1.0").values());
  }

  @Test
  void aStageThatOnlyLooksIsNoSecondCopyOfTheCorpus() throws IOException {
    Path in = runs.write("in.jsonl", 30);
    Path quiz = runs.write("quiz.jsonl", 1);
    Decontamination step = new Decontamination(EvaluationFiles.read(new Configuration(),
        new DecontaminationSettings(List.of(quiz.toString()), 5, 5, DecontaminationSettings.Action.FLAG)),
        DecontaminationSettings.Action.FLAG);
    assertThatThrownBy(() -> runs.run("out", 0, List.of(new PrepStage(step.name(), List.of(step), "flag")), line -> {
      if (line.startsWith("Encoding")) throw new LinkageError("as if killed: nothing is cleared up");
    }, CorpusSource.jsonl(in.toString()))).isInstanceOf(LinkageError.class);
    assertThat(unfinished("out")).contains("clean").doesNotContain("decontaminate");
  }

  @Test
  void aStageOfOtherInputsOrStepsIsNotTakenOver() throws IOException {
    Path in = runs.write("in.jsonl", 30);
    Consumer<String> killer = line -> {
      if (line.startsWith("Encoding")) throw new LinkageError("as if killed: nothing is cleared up");
    };
    List<PrepStage> stages = List.of(new PrepStage("second", List.of(new WithoutWord("no-17", "strong 17")), "17"));
    List<PrepStage> others = List.of(new PrepStage("second", List.of(new WithoutWord("no-18", "strong 18")), "18"));
    assertThatThrownBy(() -> runs.run("out", 0, stages, killer, CorpusSource.jsonl(in.toString())))
        .isInstanceOf(LinkageError.class);
    List<String> said = new ArrayList<>();
    assertThatThrownBy(() -> runs.run("out", 0, others, line -> {
      said.add(line);
      killer.accept(line);
    }, CorpusSource.jsonl(in.toString()))).isInstanceOf(LinkageError.class);
    assertThat(said).filteredOn(line -> line.startsWith("Taking over")).hasSize(1);
    runs.write("in.jsonl", 31);
    said.clear();
    PrepResult result = runs.run("out", 0, others, said::add, CorpusSource.jsonl(in.toString()));
    assertThat(said).noneMatch(line -> line.startsWith("Taking over"));
    assertThat(PrepRuns.table(result, "dropped").collectAsList()).extracting(row -> row.getString(0))
        .containsExactly("d18");
  }

  /** What the one run that was interrupted left. */
  private List<String> unfinished(String output) throws IOException {
    try (Stream<Path> runs = Files.list(folder.resolve(output + "/_unfinished"))) {
      return Arrays.asList(runs.toList().get(0).toFile().list());
    }
  }
}
