package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.corpus.BundledCorpus;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.job.PrepJob;
import dev.kindling.data.job.PrepOptions;
import dev.kindling.data.job.PrepResult;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Corpus, dataset and checkpoints on an object store, which has neither folders nor renames, through {@code s3a:}. */
@Tag("slow")
@Timeout(120)
class ObjectStoreTest {
  private static final String LAKE = "s3a://" + ObjectStore.BUCKET + "/";
  @TempDir
  static java.nio.file.Path folder;
  private static ObjectStore store;
  private static SparkSession spark;
  private static Configuration conf;
  private static DatasetInfo alone;

  @BeforeAll
  static void start() throws Exception {
    store = ObjectStore.start();
    SparkSession.Builder builder = Sessions.builder("local[2]");
    store.settings(folder.resolve("buffers").toString()).forEach(builder::config);
    spark = builder.getOrCreate();
    conf = spark.sparkContext().hadoopConfiguration();
    java.nio.file.Path in = folder.resolve("in");
    BundledCorpus.extract(conf, new Path(in.toUri()));
    alone = prepare(in.toString(), folder.resolve("alone").toString()).info();
    BundledCorpus.extract(conf, new Path(LAKE + "in"));
  }

  @AfterAll
  static void stop() throws Exception {
    if (spark != null) spark.stop();
    FileSystem.closeAll();
    if (store != null) store.close();
  }

  @AfterEach
  void asBefore() {
    store.refuseCopies(key -> false);
  }

  @Test
  void aCorpusOnAnObjectStoreGivesThereTheShardsOfALocalDisk() throws IOException {
    DatasetInfo made = prepare(LAKE + "in", LAKE + "whole").info();
    assertThat(made).isEqualTo(alone);                     // with the SHA-256 of every shard
    assertThat(files("whole")).allMatch(file -> file.matches("dataset.json|tokenizer(_config)?.json|prep-report.json"
        + "|(training|held-out)/part-\\d{5}.parquet|documents/(_SUCCESS|part-[^/]*.parquet)"));
    PackedDataset local = PackedDataset.open(conf, new Path(folder.resolve("alone").toUri()));
    PackedDataset remote = PackedDataset.open(conf, new Path(LAKE + "whole"));
    for (long row : new long[]{0, 1_000, local.rows() - 1}) assertThat(remote.tokens(row)).isEqualTo(local.tokens(row));
    assertThat(prepare(LAKE + "in", LAKE + "whole").alreadyDone()).isTrue();
  }

  @Test
  void prepThatEndsWhileItsFilesTakeTheirPlaceLeavesNoDatasetAndTheNextOneIsWhole() throws IOException {
    store.refuseCopies(key -> key.startsWith("torn/_unfinished/training/"));
    assertThatThrownBy(() -> prepare(LAKE + "in", LAKE + "torn")).hasStackTraceContaining("AccessDenied");
    store.refuseCopies(key -> false);
    assertThat(files("torn")).isNotEmpty().doesNotContain(DatasetInfo.FILE);
    assertThatThrownBy(() -> PackedDataset.open(conf, new Path(LAKE + "torn"))).isInstanceOf(UserError.class);
    PrepResult again = prepare(LAKE + "in", LAKE + "torn");
    assertThat(again.alreadyDone()).isFalse();
    assertThat(again.info()).isEqualTo(alone);
    assertThat(files("torn")).noneMatch(file -> file.startsWith("_"));
  }

  @Test
  void aRunWhoseDatasetAndCheckpointsAreOnAnObjectStoreGoesOnToTheSameWeights() throws IOException {
    String tiny = TinyDataset.write(folder.resolve("tiny"), 50, 20, 9);
    String whole = PretrainJob.run(spark, config(tiny, folder.resolve("run").toString()), line -> {}).weightsSha256();
    Path there = new Path(LAKE + "tiny");
    there.getFileSystem(conf).copyFromLocalFile(new Path(tiny), there);
    PretrainConfig remote = config(there.toString(), LAKE + "run");
    assertThat(PretrainJob.run(spark, TinyRuns.stoppingAfter(remote, 4), line -> {}).finished()).isFalse();
    store.refuseCopies(key -> key.startsWith("run/") && !key.contains(".tmp"));          // a checkpoint is not moved
    PretrainResult result = PretrainJob.run(spark, remote, line -> {});
    assertThat(result.weightsSha256()).isEqualTo(whole);
    assertThat(result.checkpoint()).startsWith(LAKE + "run/");
    assertThat(files("run")).anyMatch(file -> file.endsWith("manifest.json"));
  }

  private static PretrainConfig config(String dataset, String run) {
    return TinyRuns.of(dataset, run, PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0);
  }

  private static PrepResult prepare(String in, String out) {
    return PrepJob.run(spark,
        new PrepOptions(CorpusSource.jsonl(in), out, java.util.Optional.empty(), 1_000, 128, 5, 1));
  }

  /** Keys below a prefix, without it. */
  private static List<String> files(String prefix) throws IOException {
    Path root = new Path(LAKE + prefix);
    List<String> files = new ArrayList<>();
    RemoteIterator<LocatedFileStatus> all = root.getFileSystem(conf).listFiles(root, true);
    while (all.hasNext()) files.add(all.next().getPath().toString().substring(root.toString().length() + 1));
    return files;
  }
}
