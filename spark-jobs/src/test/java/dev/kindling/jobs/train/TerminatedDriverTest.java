package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.jobs.train.DriverProcess.Ended;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The driver is a process of its own, which schedulers end as they end all processes: by SIGTERM, then by SIGKILL. */
@Tag("slow")
@Timeout(300)
class TerminatedDriverTest {
  private static final int SIGTERM = 128 + 15;
  @TempDir
  private Path folder;

  /** @param until a line that starts so: then the driver is told to end; null: it is left alone; @param force by SIGKILL */
  private Ended pretrain(String master, String run, String until, boolean force, String... settings) throws Exception {
    String dataset = TinyDataset.write(folder.resolve("data"), 50, 20, 0);
    return DriverProcess.pretrain(master, dataset, folder.resolve(run), (line, process) -> {
      if (until == null || !line.startsWith(until)) return;
      if (force) process.destroyForcibly();
      else process.destroy();
    }, settings);
  }

  @Test
  void aDriverThatIsToldToEndSavesAndOneThatIsSubmittedAgainGoesOnToTheSameWeights() throws Exception {
    Ended whole = pretrain("local[1]", "whole", null, false);
    assertThat(whole.code()).as(String.join("\n", whole.lines())).isZero();
    Ended told = pretrain("local[1]", "parts", "step  60/600", false);
    assertThat(told.code()).as(String.join("\n", told.lines())).isEqualTo(SIGTERM);
    assertThat(told.lines()).anyMatch(l -> l.matches("told to end: saved after step \\d+"));
    String saved = told.lines().stream().filter(l -> l.startsWith("told to end")).findFirst().orElseThrow();
    long step = Long.parseLong(saved.substring(saved.lastIndexOf(' ') + 1));
    assertThat(step).isGreaterThanOrEqualTo(60).isLessThan(600);
    Ended killed = pretrain("local[1]", "parts", "step 200/600", true);
    assertThat(killed.lines()).anyMatch(l -> l.startsWith("resumed: goes on with step " + (step + 1) + " "));
    Ended last = pretrain("local[1]", "parts", null, false);
    assertThat(last.code()).isZero();
    assertThat(last.lines()).anyMatch(l -> l.startsWith("resumed: goes on with step "));
    assertThat(last.weights()).isEqualTo(whole.weights());
  }

  @Test
  void ranksInExecutorsSaveToo() throws Exception {
    Ended told = pretrain("local-cluster[2,1,1024]", "cluster", "step  60/600", false);
    assertThat(told.code()).as(String.join("\n", told.lines())).isEqualTo(SIGTERM);
    assertThat(told.lines()).anyMatch(l -> l.startsWith("2 ranks"))
        .anyMatch(l -> l.matches("told to end: saved after step \\d+"));
  }

  @Test
  void aDriverWhoseGraceRunsOutSaysSoAndOneThatIsSubmittedAgainGoesOnToTheSameWeights() throws Exception {
    Ended whole = pretrain("local[1]", "in-time", null, false);
    Ended late = pretrain("local[1]", "late", "step 120/600", false, "cluster.graceSeconds=0");
    assertThat(late.code()).as(String.join("\n", late.lines())).isEqualTo(SIGTERM);
    assertThat(late.lines())
        .contains("the run did not stop within cluster.graceSeconds; what it had saved before stays");
    Ended last = pretrain("local[1]", "late", null, false);
    assertThat(last.code()).as(String.join("\n", last.lines())).isZero();
    assertThat(last.lines()).anyMatch(l -> l.startsWith("resumed: goes on with step "));
    assertThat(last.weights()).isEqualTo(whole.weights());
  }
}
