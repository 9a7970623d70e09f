package dev.kindling.jobs.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventFileTest {
  @TempDir
  Path folder;

  @Test
  void stepsOfAnAttemptThatFellBeforeItsFirstCheckpointArePlottedOnce() throws IOException {
    EventFile file = new EventFile(new Configuration(), new org.apache.hadoop.fs.Path(folder.toString()));
    for (int attempt = 0; attempt < 2; attempt++) {
      file.started(1, 4, 1);
      file.stepped(Rows.of(1));
      file.stepped(Rows.of(2));
    }
    file.ended(Tracker.Status.FINISHED);
    assertThat(Events.plotted(folder.resolve(EventFile.FOLDER)).stream().filter(s -> s.tag().equals("train/loss")))
        .extracting(Events.Scalar::step).containsExactly(1L, 2L);
  }
}
