package dev.kindling.jobs.track;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.LongStream;
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

  @Test
  void aRunThatGoesOnWithinTheSameSecondLeavesTheEarlierFileAlone() throws IOException {
    org.apache.hadoop.fs.Path run = new org.apache.hadoop.fs.Path(folder.toString());
    for (int step = 1; step <= 12; step++) {     // more than a digit's worth
      EventFile file = new EventFile(new Configuration(), run);
      file.started(step, 12, 1);
      file.stepped(Rows.of(step));
      file.ended(Tracker.Status.KILLED);
    }
    assertThat(Events.plotted(folder.resolve(EventFile.FOLDER)).stream().filter(s -> s.tag().equals("train/loss")))
        .extracting(Events.Scalar::step).containsExactlyElementsOf(LongStream.rangeClosed(1, 12).boxed().toList());
  }
}
