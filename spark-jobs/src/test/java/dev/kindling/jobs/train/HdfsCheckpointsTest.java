package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.jobs.command.Kindling;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.protocol.DatanodeInfo;
import org.apache.hadoop.hdfs.protocol.HdfsConstants;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two executors train on a real HDFS of three data nodes, which Spark's Hadoop settings name, while parts of it fail. */
@Tag("slow")
@Timeout(150)
class HdfsCheckpointsTest {
  private static final long BLOCK = 1 << 20;
  @TempDir
  static Path folder;
  private static MiniDFSCluster hdfs;
  private static SparkSession spark;
  private static String alone;

  @BeforeAll
  static void start() throws Exception {
    String dataset = TinyDataset.write(folder.resolve("data"), 50, 20, 0);
    try (SparkSession local = Sessions.local(1)) {
      alone = PretrainJob.run(local, config(dataset, folder.resolve("alone")), line -> {}).weightsSha256();
    }
    Configuration conf = new Configuration();
    conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder.resolve("hdfs").toString());
    conf.setLong("dfs.namenode.fs-limits.min-block-size", 0);
    conf.setInt("dfs.heartbeat.interval", 1);
    conf.setInt("dfs.namenode.safemode.extension", 0);
    hdfs = new MiniDFSCluster.Builder(conf).numDataNodes(3).build();
    hdfs.waitActive();
    files().copyFromLocalFile(new org.apache.hadoop.fs.Path(dataset), new org.apache.hadoop.fs.Path("/data"));
    Map<String, String> settings = new HashMap<>(Map.of("fs.defaultFS", hdfs.getURI().toString(), "fs.hdfs.impl",
        WatchedHdfs.class.getName(), WatchedHdfs.FOLDER, folder.toString(), "dfs.replication", "2", "dfs.blocksize",
        Long.toString(BLOCK)));
    spark = Sessions.cluster(2, prefixed(settings));
    ClusterSlots.await(spark.sparkContext(), 2, 100);
  }

  private static Map<String, String> prefixed(Map<String, String> hadoop) {
    Map<String, String> all = new HashMap<>();
    hadoop.forEach((key, value) -> all.put("spark.hadoop." + key, value));
    return all;
  }

  @AfterAll
  static void stop() throws IOException {
    if (spark != null) spark.stop();
    FileSystem.closeAll();                       // before the name node goes that they know
    if (hdfs != null) hdfs.shutdown();
  }

  @AfterEach
  void asBefore() throws Exception {
    for (String file : List.of("hold", "held", "go", "slow")) Files.deleteIfExists(folder.resolve(file));
  }

  private static DistributedFileSystem files() throws IOException {
    return hdfs.getFileSystem();
  }

  /** 40 steps, a checkpoint every 10. */
  private static PretrainConfig config(String dataset, Path run) {
    return TinyRuns.reading(TinyRuns.of(dataset, run, PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0), 40, 0, 8)
        .withCheckpoints(CheckpointSettings.of(10, 9, 0))
        .withCluster(new ClusterSettings(0, 45, 2, KernelChoice.PLAIN, "0", 5));
  }

  /** Paths without a scheme: of the file system that {@code spark.hadoop.fs.defaultFS} names. */
  private static PretrainConfig onHdfs(String run) {
    return config("/data", Path.of("/runs", run));
  }

  private static String train(PretrainConfig config, Consumer<String> progress) {
    PretrainResult result = PretrainJob.run(spark, config, progress);
    assertThat(result.ranks()).isEqualTo(2);
    assertThat(result.finished()).isTrue();
    return result.weightsSha256();
  }

  /** As a user checks it. @return what the verb says, a line a checkpoint */
  private static List<String> verified(String run) {
    StringWriter out = new StringWriter(), err = new StringWriter();
    int code = Kindling.run(new PrintWriter(out), new PrintWriter(err), "verify", hdfs.getURI() + "/runs/" + run);
    assertThat(code).as(err.toString()).isZero();
    return out.toString().lines().filter(line -> line.startsWith("step-")).toList();
  }

  private static <T> CompletableFuture<T> beside(Callable<T> work) {
    return CompletableFuture.supplyAsync(() -> {
      try {
        return work.call();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    });
  }

  @Test
  void aDataNodeThatDiesWhileAShardIsWrittenIsNotEvenNoticed() throws Exception {
    Files.writeString(folder.resolve("hold"), "/optimizer/shard-00001");
    CompletableFuture<MiniDFSCluster.DataNodeProperties> dead = beside(() -> {
      while (!Files.exists(folder.resolve("held"))) Thread.sleep(20);
      Thread.sleep(50);                          // the name is written whole
      MiniDFSCluster.DataNodeProperties stopped = stopOneThatHolds(Files.readString(folder.resolve("held")));
      Files.createFile(folder.resolve("go"));
      return stopped;
    });
    List<String> lines = new CopyOnWriteArrayList<>();
    assertThat(train(onHdfs("datanode"), lines::add)).isEqualTo(alone);
    assertThat(dead).isCompleted();
    assertThat(lines).noneMatch(l -> l.contains("goes on from the newest checkpoint"));
    assertThat(verified("datanode")).hasSize(4).allMatch(l -> l.contains(" is whole: "));
    assertThat(hdfs.restartDataNode(dead.get())).isTrue();
  }

  private static MiniDFSCluster.DataNodeProperties stopOneThatHolds(String file) throws IOException {
    DatanodeInfo[] writing = files().getClient().getLocatedBlocks(file, 0).get(0).getLocations();
    assertThat(writing).hasSize(2);
    return hdfs.stopDataNode(writing[0].getXferAddr());
  }

  @Test
  void aNameNodeThatIsAwayForSomeSecondsIsWaitedFor() throws Exception {
    CompletableFuture<Void> away = new CompletableFuture<>();
    CompletableFuture<Boolean> back = away.thenCompose(gone -> beside(() -> {
      hdfs.shutdownNameNode(0);
      Thread.sleep(3_000);
      hdfs.restartNameNode(0, true);
      return true;
    }));
    assertThat(train(onHdfs("namenode"), line -> {
      if (line.startsWith("step 15/")) away.complete(null);
    })).isEqualTo(alone);
    assertThat(back.get(60, TimeUnit.SECONDS)).isTrue();
    assertThat(verified("namenode")).anyMatch(l -> l.contains("step 40 is whole: "));
  }

  /** A quota is a disk that is full, for one folder. */
  @Test
  void aFullDiskEndsTheRunWithTheCauseAndWhatWasCommittedGoesOn() throws Exception {
    org.apache.hadoop.fs.Path run = new org.apache.hadoop.fs.Path("/runs/full");
    PretrainConfig config = onHdfs("full");
    assertThat(PretrainJob.run(spark, TinyRuns.stoppingAfter(config, 10), line -> {}).finished()).isFalse();
    files().setQuota(run, HdfsConstants.QUOTA_DONT_SET, files().getContentSummary(run).getSpaceConsumed() + BLOCK);
    assertThatThrownBy(() -> train(config, line -> {})).isInstanceOf(RunGivenUpException.class)
        .hasMessageContaining("quota of /runs/full is exceeded").hasMessageContaining(config.run() + " (step 10)");
    assertThat(verified("full")).singleElement().asString().contains("step 10 is whole: ");
    files().setQuota(run, HdfsConstants.QUOTA_DONT_SET, HdfsConstants.QUOTA_RESET);
    assertThat(train(config, line -> {})).isEqualTo(alone);
  }

  @Test
  void slowStorageDelaysNothingButTheCheckpoints() throws Exception {
    Files.writeString(folder.resolve("slow"), "400");
    List<String> lines = new CopyOnWriteArrayList<>();
    PretrainConfig impatient = onHdfs("slow").withCluster(new ClusterSettings(0, 45, 0, KernelChoice.PLAIN, "0", 1));
    assertThat(train(impatient, lines::add)).isEqualTo(alone);
    assertThat(lines).noneMatch(l -> l.contains("goes on from the newest checkpoint"));
    assertThat(verified("slow")).allMatch(l -> l.contains(" is whole: "));
  }
}
