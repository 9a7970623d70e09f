package dev.kindling.jobs.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.checkpoint.commit.FencedException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepTableTest {
  private static final Configuration CONF = new Configuration();
  @TempDir
  Path folder;

  @Test
  void whatWasWrittenBeforeItsCheckpointIsNotThereTwiceInARunThatGoesOnBeforeIt() throws IOException {
    org.apache.hadoop.fs.Path run = new org.apache.hadoop.fs.Path(folder.toString(), "many");
    CheckpointStore store = new CheckpointStore(CONF, run);
    StepFiles<DocumentLoss> first = losses(run);
    first.resumedAfter(0, store.claimEpoch());
    for (long step = 1; step <= 3; step++) first.add(step, rows(step, "a", "b"));
    assertThat(first.read()).hasSize(6);                     // more than 5 were waiting
    first.add(4, rows(4, "a"));
    first.committing(4);
    StepFiles<DocumentLoss> second = losses(run);
    second.resumedAfter(2, store.claimEpoch());
    first.add(5, rows(5, "a", "b", "c", "d", "e", "f"));     // of an attempt that was taken over from
    for (long step = 3; step <= 5; step++) second.add(step, rows(step, "a", "b"));
    second.committing(5);
    assertThat(second.read()).extracting(row -> row.step() + row.document()).containsExactly("1a", "1b", "2a", "2b",
        "3a", "3b", "4a", "4b", "5a", "5b");
  }

  private static StepFiles<DocumentLoss> losses(org.apache.hadoop.fs.Path run) {
    return new StepFiles<>(CONF, run, DocumentLoss.FOLDER, DocumentLoss.class, DocumentLoss::step, 5);
  }

  private static List<DocumentLoss> rows(long step, String... documents) {
    return Stream.of(documents).map(each -> new DocumentLoss(step, 7, each, 3, 1.5, "data")).toList();
  }

  @Test
  void anAttemptThatWasTakenOverFromDeletesNoRows() throws IOException {
    org.apache.hadoop.fs.Path run = new org.apache.hadoop.fs.Path(folder.toString(), "run");
    CheckpointStore store = new CheckpointStore(CONF, run);
    long frozen = store.claimEpoch();
    StepTable old = new StepTable(CONF, run);
    StepTable live = new StepTable(CONF, run);
    live.resumedAfter(0, store.claimEpoch());
    live.add(Rows.of(1));
    live.add(Rows.of(2));
    live.committing(2);
    assertThatThrownBy(() -> old.resumedAfter(0, frozen)).isInstanceOf(FencedException.class)
        .hasMessageContaining("attempt 2 has taken over");
    assertThat(live.read()).extracting(StepRow::step).containsExactly(1L, 2L);
  }
}
