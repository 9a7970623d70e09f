package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.jobs.command.Kindling;
import dev.kindling.jobs.train.DriverProcess.Ended;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

  /** Hadoop closes its file systems when the JVM ends, and a checkpoint takes a while: every file of it takes {@code slow} ms. */
  @ParameterizedTest
  @ValueSource(strings = {"local[1]", "local-cluster[2,1,1024]"})
  void aCheckpointOnHdfsIsCommittedAndWholeBeforeTheDriverEnds(String master) throws Exception {
    String dataset = TinyDataset.write(folder.resolve("data"), 50, 20, 0);
    Configuration conf = new Configuration();
    conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder.resolve("hdfs").toString());
    try (MiniDFSCluster hdfs = new MiniDFSCluster.Builder(conf).numDataNodes(1).build()) {
      hdfs.waitActive();
      hdfs.getFileSystem().copyFromLocalFile(new org.apache.hadoop.fs.Path(dataset),
          new org.apache.hadoop.fs.Path("/data"));
      Map<String, String> spark = Map.of("spark.hadoop.fs.hdfs.impl", WatchedHdfs.class.getName(),
          "spark.hadoop." + WatchedHdfs.FOLDER, folder.toString(), "spark.hadoop.dfs.replication", "1");
      Ended told = DriverProcess.pretrain(master, spark, hdfs.getURI() + "/data", hdfs.getURI() + "/runs/told",
          (line, process) -> {
            if (line.startsWith("step  60/600")) slowly(process);
          });
      assertThat(told.code()).as(String.join("\n", told.lines())).isEqualTo(SIGTERM);
      String saved = told.lines().stream().filter(l -> l.startsWith("told to end: saved")).findFirst().orElseThrow();
      List<String> whole = verified(hdfs.getURI() + "/runs/told");
      assertThat(whole).hasSizeGreaterThanOrEqualTo(2);
      assertThat(whole.get(whole.size() - 1))
          .contains("  step " + saved.substring(saved.lastIndexOf(' ') + 1) + " is whole: ");
    }
  }

  private void slowly(ProcessHandle process) {
    try {
      Files.writeString(folder.resolve("slow"), "300");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    process.destroy();
  }

  /** @return what is said of the checkpoints of a run, one line each, in the order of their steps */
  private static List<String> verified(String run) {
    StringWriter out = new StringWriter(), err = new StringWriter();
    assertThat(Kindling.run(new PrintWriter(out), new PrintWriter(err), "verify", run)).as(err.toString()).isZero();
    return out.toString().lines().filter(line -> line.startsWith("step-")).toList();
  }
}
