package dev.kindling.jobs.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.checkpoint.commit.FencedException;
import java.io.IOException;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepTableTest {
  private static final Configuration CONF = new Configuration();
  @TempDir
  Path folder;

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
