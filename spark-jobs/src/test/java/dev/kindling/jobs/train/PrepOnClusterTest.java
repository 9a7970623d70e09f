package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.job.Columns;
import dev.kindling.data.job.CorpusStep;
import dev.kindling.data.job.PrepJob;
import dev.kindling.data.job.PrepOptions;
import dev.kindling.data.job.PrepStage;
import dev.kindling.data.shard.DatasetInfo;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilled;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Executors on two hosts prepare a corpus on a real HDFS, with speculation on, while one of them is slow or dies. */
@Tag("slow")
@Timeout(150)
class PrepOnClusterTest {
  private static final int DOCUMENTS = 400;
  @TempDir
  static Path folder;
  private static MiniDFSCluster hdfs;
  private static LoopbackHosts cluster;
  private static SparkSession spark;
  private static DatasetInfo alone;

  /** Hands all documents on, but the first attempt at the first partition takes its executor down. */
  private record Deadly(String once) implements CorpusStep {
    @Override
    public String name() {
      return "deadly";
    }

    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
      String file = once;
      return documents.mapPartitions((MapPartitionsFunction<Row, Row>) rows -> {
        if (TaskContext.getPartitionId() == 0 && new File(file).createNewFile()) Runtime.getRuntime().halt(9);
        return rows;
      }, Encoders.row(Columns.SCHEMA));
    }
  }

  @BeforeAll
  static void start() throws Exception {
    Path in = Files.writeString(folder.resolve("in.jsonl"), corpus());
    try (SparkSession local = Sessions.local(2)) {
      alone = PrepJob.run(local, options(in.toString(), folder.resolve("alone").toString(), List.of())).info();
    }
    Configuration conf = new Configuration();
    conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, folder.resolve("hdfs").toString());
    hdfs = new MiniDFSCluster.Builder(conf).numDataNodes(1).build();
    hdfs.waitActive();
    hdfs.getFileSystem().copyFromLocalFile(new org.apache.hadoop.fs.Path(in.toUri()),
        new org.apache.hadoop.fs.Path("/in.jsonl"));
    cluster = LoopbackHosts.start(folder.resolve("cluster"), List.of("127.0.0.1", "127.0.0.2"));
    Map<String, String> settings = new HashMap<>();
    Map.of("fs.defaultFS", hdfs.getURI().toString(), "fs.hdfs.impl", WatchedHdfs.class.getName(), WatchedHdfs.FOLDER,
        folder.toString(), "dfs.replication", "1").forEach((key, value) -> settings.put("spark.hadoop." + key, value));
    Map.of("", "true", ".interval", "100ms", ".multiplier", "1.01", ".quantile", "0.1", ".efficiency.enabled", "false")
        .forEach((key, value) -> settings.put("spark.speculation" + key, value));
    settings.put("spark.locality.wait", "0");
    spark = cluster.session(settings);
    ClusterSlots.await(spark.sparkContext(), 2, 100);
  }

  /** 1.7 MB: two pieces to read. */
  private static String corpus() {
    SplittableRandom random = new SplittableRandom(1);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < DOCUMENTS; i++) {
      lines.append("{\"id\":\"d").append(i).append("\",\"text\":\"");
      for (int word = 0; word < 800; word++)
        lines.append("the state of union is strong and we".split(" ")[random.nextInt(8)]).append(' ');
      lines.append(i).append("\"}\n");
    }
    return lines.toString();
  }

  @AfterAll
  static void stop() throws IOException {
    if (spark != null) spark.stop();
    if (cluster != null) cluster.close();
    FileSystem.closeAll();                       // before the name node goes that they know
    if (hdfs != null) hdfs.shutdown();
  }

  @Test
  void theSlowerOfTwoAttemptsAtAShardIsNoFailureAndLeavesNothing() throws Exception {
    // xgboost#5661, SPARK-19576: the loser was taken for a failure, or its files stayed
    List<String> killed = new CopyOnWriteArrayList<>();
    SparkListener listener = new SparkListener() {
      @Override
      public void onTaskEnd(SparkListenerTaskEnd ended) {
        if (ended.reason() instanceof TaskKilled of) killed.add(of.reason());
      }
    };
    spark.sparkContext().addSparkListener(listener);
    Files.writeString(folder.resolve("hold"), "/attempts/part-00000");
    DatasetInfo made = PrepJob.run(spark, options("/in.jsonl", "/slow", List.of())).info();
    assertThat(folder.resolve("held")).content().matches("/slow/_unfinished/\\w+/attempts/part-00000\\..*");
    Files.createFile(folder.resolve("go"));      // the loser, who did not listen when it was killed, goes on with its file
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (killed.isEmpty() && System.nanoTime() < end) Thread.sleep(50);
    assertThat(killed).anyMatch(reason -> reason.contains("another attempt succeeded"));
    spark.sparkContext().removeSparkListener(listener);
    assertSame(made, "/slow");
  }

  @Test
  void anExecutorThatDiesInTheMiddleChangesNothing() throws Exception {
    Path died = folder.resolve("died");
    DatasetInfo made = PrepJob.run(spark, options("/in.jsonl", "/dead", List.of(new Deadly(died.toString())))).info();
    assertThat(died).exists();
    assertSame(made, "/dead");
  }

  private static void assertSame(DatasetInfo made, String output) throws IOException {
    assertThat(made).isEqualTo(alone);
    List<String> files = new ArrayList<>();
    RemoteIterator<LocatedFileStatus> all = hdfs.getFileSystem()
        .listFiles(new org.apache.hadoop.fs.Path(output), true);
    while (all.hasNext()) files.add(all.next().getPath().toUri().getPath().substring(output.length() + 1));
    assertThat(files).allMatch(file -> file.matches("dataset.json|tokenizer(_config)?.json|prep-report.json"
        + "|(training|held-out)/part-\\d{5}.parquet|(documents|inputs)/(_SUCCESS|part-[^/]*.parquet)"));
    assertThat(hdfs.getFileSystem().exists(new org.apache.hadoop.fs.Path(output, "_unfinished"))).isFalse();
    assertThat(spark.read().parquet(output + "/documents").count()).isEqualTo(DOCUMENTS);
  }

  private static PrepOptions options(String in, String out, List<CorpusStep> steps) {
    PrepStage stage = new PrepStage(PrepStage.CLEAN, steps, "none");
    return new PrepOptions(List.of(CorpusSource.jsonl(in)), 0, List.of(stage), out, Optional.empty(), 300, 128, 5, 1);
  }
}
