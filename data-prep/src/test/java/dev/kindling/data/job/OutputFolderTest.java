package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two jobs that write to one folder at the same time, of which the one that began later goes on, and jobs that are killed. */
class OutputFolderTest {
  private static final Map<String, String> STAGES = Map.of("clean", "a fingerprint");

  @TempDir
  Path folder;

  @BeforeEach
  void asUsual() {
    MeddledFiles.reset();
  }

  private OutputFolder output() {
    return output("");
  }

  private OutputFolder output(String scheme) {
    return new OutputFolder(MeddledFiles.configuration(), new org.apache.hadoop.fs.Path(scheme + folder + "/out"),
        "manifest", Set.of("rows", "clean-signatures"));
  }

  private OutputFolder meddled() {
    return output("meddled:");
  }

  private static void begin(OutputFolder output) {
    output.begin(STAGES, Set.of());
  }

  private static void finish(OutputFolder output, String rows) {
    output.write("clean", rows);
    output.finishStage("clean", STAGES.get("clean"));
  }

  @Test
  void theLaterTakesOverWhatIsWholeAndTheEarlierEndsAndSpoilsNothing() throws IOException {
    OutputFolder first = output();
    OutputFolder second = output();
    begin(first);
    finish(first, "cleaned");
    begin(second);
    assertThat(second.isStageFinished("clean", STAGES.get("clean"))).isTrue();
    assertThat(Path.of(second.stage("clean").toUri())).hasContent("cleaned");
    first.write("rows", "of the first");                                          // it does not know yet
    assertThatThrownBy(() -> finish(first, "again")).isInstanceOf(UserError.class)
        .hasMessageContaining("another run has written to the output file:" + folder + "/out meanwhile")
        .hasMessageContaining("Run this one again when the other has ended");
    assertThatThrownBy(() -> first.commit("the first's")).isInstanceOf(UserError.class);
    assertThat(first.told(new IllegalStateException("a file is gone"))).isInstanceOf(UserError.class);
    first.abandon();
    second.write("rows", "of the second");
    second.commit("the second's");
    assertThat(folder.resolve("out/rows")).hasContent("of the second");
    assertThat(folder.resolve("out/manifest")).hasContent("the second's");
    assertThat(folder.resolve("out/_unfinished")).doesNotExist();
    IllegalStateException failure = new IllegalStateException("of its own");
    assertThat(second.told(failure)).isSameAs(failure);
  }

  @Test
  void whatAnotherCommittedMeanwhileIsNotTouched() throws IOException {
    OutputFolder first = output();
    OutputFolder second = output();
    assertThat(first.finishedManifest()).isNull();
    begin(second);
    second.write("rows", "of the second");
    second.commit("the second's");
    assertThatThrownBy(() -> begin(first)).isInstanceOf(UserError.class)
        .hasMessageContaining("another run has written");
    assertThat(folder.resolve("out/rows")).hasContent("of the second");
    assertThat(folder.resolve("out/_unfinished")).doesNotExist();
  }

  @Test
  void rowsThatARunMovedBeforeItWasTakenOverAreReplaced() throws IOException {
    OutputFolder late = output();
    begin(late);
    Files.writeString(folder.resolve("out/rows"), "of one that was slow to notice");
    late.write("rows", "of the late one");
    late.commit("the late one's");
    assertThat(folder.resolve("out/rows")).hasContent("of the late one");
  }

  @Test
  void aJobThatIsTakenOverAtItsLastStepEndsAndLeavesTheOtherAlone() {
    OutputFolder first = meddled();
    OutputFolder second = meddled();
    begin(first);
    first.write("rows", "of the first");
    MeddledFiles.when(first.unfinished() + "/manifest", () -> begin(second));
    assertThatThrownBy(() -> first.commit("the first's")).isInstanceOf(UserError.class)
        .hasMessageContaining("another run has written");
    second.write("rows", "of the second");
    second.commit("the second's");
    assertThat(folder.resolve("out/rows")).hasContent("of the second");
    assertThat(folder.resolve("out/manifest")).hasContent("the second's");
  }

  @Test
  void ofTwoThatBeginAtOnceWhoeverIsTakenOverIsToldRightThen() {
    OutputFolder first = meddled();
    OutputFolder second = meddled();
    MeddledFiles.when(folder + "/out/_unfinished", () -> begin(second));
    assertThatThrownBy(() -> begin(first)).isInstanceOf(UserError.class)
        .hasMessageContaining("another run has written");
  }

  @Test
  void aStageWhoseTakeOverWasCutShortIsNotWhole() throws IOException {
    OutputFolder first = meddled();
    begin(first);
    rows(first, "clean");
    first.finishStage("clean", STAGES.get("clean"));
    MeddledFiles.cut("clean");
    assertThatThrownBy(() -> begin(meddled())).isInstanceOf(UserError.class).hasMessageContaining("killed");
    MeddledFiles.reset();
    OutputFolder third = meddled();
    begin(third);
    assertThat(third.isStageFinished("clean", STAGES.get("clean"))).isFalse();
  }

  @Test
  void aStageOfWhoseSignaturesACommitHadMovedSomeIsNotWhole() throws IOException {
    OutputFolder first = meddled();
    begin(first);
    rows(first, "clean");
    rows(first, OutputFolder.beside("clean"));
    first.finishStage("clean", STAGES.get("clean"));
    MeddledFiles.cut("clean-signatures");
    assertThatThrownBy(() -> first.commit("the first's")).hasMessageContaining("killed");
    MeddledFiles.reset();
    OutputFolder second = meddled();
    second.begin(STAGES, Set.of("clean-signatures"));
    assertThat(second.isStageFinished("clean", STAGES.get("clean"))).isFalse();
  }

  private static void rows(OutputFolder output, String table) {
    for (String part : new String[]{"part-0", "part-1"}) output.write(table + "/" + part, part);
  }
}
