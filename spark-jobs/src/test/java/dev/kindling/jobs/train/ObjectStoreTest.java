package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.job.PrepJob;
import dev.kindling.data.job.PrepOptions;
import dev.kindling.data.job.PrepResult;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.DatasetVersions;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
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
  private static final String NONE = "none";
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
    for (String in : List.of(folder.toUri() + "in", LAKE + "in")) {
      write(in + "/a.jsonl", documents("a", 120));
      write(in + "/b.jsonl.gz", documents("b", 60));
    }
    alone = prepare(folder.resolve("in").toString(), folder.resolve("alone").toString()).info();
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
    store.afterEachChange(() -> {});
  }

  @Test
  void aCorpusOnAnObjectStoreGivesThereTheShardsOfALocalDiskAndPrepAgainDoesNothingAndSaysSo() {
    assertThat(prepare(LAKE + "in", LAKE + "whole").info()).isEqualTo(alone);     // with the SHA-256 of every shard
    assertThat(store.keys("whole/")).allMatch(file -> file.matches("dataset.json|tokenizer(_config)?.json"
        + "|prep-report.json|(training|held-out)/part-\\d{5}.parquet|(documents|inputs)/(_SUCCESS|part-[^/]*.parquet)"));
    PackedDataset local = PackedDataset.open(conf, new Path(folder.resolve("alone").toUri()));
    PackedDataset remote = PackedDataset.open(conf, new Path(LAKE + "whole"));
    for (long row : new long[]{0, 100, local.rows() - 1}) assertThat(remote.tokens(row)).isEqualTo(local.tokens(row));
    Set<String> changes = watched(() -> "changed");
    List<String> lines = new ArrayList<>();
    assertThat(PrepJob.run(spark, options(LAKE + "in", LAKE + "whole"), lines::add).alreadyDone()).isTrue();
    assertThat(lines).contains("The dataset in " + LAKE + "whole is already made from these inputs and settings");
    assertThat(changes).isEmpty();
  }

  @Test
  void atEveryMomentOfAPrepThereIsNoDatasetOrAllOfItAndOfOneThatAddsTheFormerOrTheNewOne() throws IOException {
    write(LAKE + "growing/a.jsonl", documents("a", 120));
    Set<String> seen = watched(() -> dataset("grown/"));
    DatasetInfo first = prepare(LAKE + "growing", LAKE + "grown").info();
    assertThat(seen).containsExactly(NONE, first.fingerprint());
    write(LAKE + "growing/b.jsonl.gz", documents("b", 60));
    Set<String> seenLater = watched(() -> dataset("grown/"));
    DatasetInfo second = prepare(LAKE + "growing", LAKE + "grown").info();
    assertThat(second.datasetVersion()).isEqualTo(2);
    assertThat(seenLater).containsExactly(first.fingerprint(), second.fingerprint());
    assertThat(DatasetVersions.read(conf, new Path(LAKE + "grown"), 1, "version")).isEqualTo(first);
    assertThat(store.keys("grown/")).noneMatch(file -> file.contains("_unfinished") || file.endsWith(".tmp"));
  }

  @Test
  void prepThatEndsWhileItsFilesTakeTheirPlaceLeavesNoDatasetAndTheNextOneIsWhole() {
    store.refuseCopies(key -> key.matches("torn/_unfinished/[^/]*/training/.*"));
    assertThatThrownBy(() -> prepare(LAKE + "in", LAKE + "torn")).hasStackTraceContaining("AccessDenied");
    store.refuseCopies(key -> false);
    assertThat(store.keys("torn/")).isNotEmpty().doesNotContain(DatasetInfo.FILE);
    assertThatThrownBy(() -> PackedDataset.open(conf, new Path(LAKE + "torn"))).isInstanceOf(UserError.class);
    PrepResult again = prepare(LAKE + "in", LAKE + "torn");
    assertThat(again.alreadyDone()).isFalse();
    assertThat(again.info()).isEqualTo(alone);
    assertThat(store.keys("torn/")).noneMatch(file -> file.startsWith("_"));
  }

  @Test
  void aRunOnAnObjectStoreHasWholeCheckpointsAtEveryMomentAndGoesOnBehindDamagedOnesToTheSameWeights()
      throws IOException {
    String tiny = TinyDataset.write(folder.resolve("tiny"), 50, 20, 9);
    String whole = PretrainJob.run(spark, config(tiny, folder.resolve("run").toString()), line -> {}).weightsSha256();
    Path there = new Path(LAKE + "tiny");
    there.getFileSystem(conf).copyFromLocalFile(new Path(tiny), there);
    PretrainConfig remote = config(there.toString(), LAKE + "run");
    Set<String> seen = watched(() -> checkpoints("run/"));
    assertThat(PretrainJob.run(spark, TinyRuns.stoppingAfter(remote, 5), line -> {}).finished()).isFalse();
    assertThat(seen).hasSizeGreaterThan(5).noneMatch(state -> state.contains("torn"));
    byte[] state = store.read("run/step-00000004/trainer_state.json").orElseThrow();
    store.replace("run/step-00000004/trainer_state.json", Arrays.copyOf(state, state.length - 9));
    store.replace("run/step-00000005/manifest.json", null);          // as a kill just before it was written leaves it
    store.refuseCopies(key -> key.contains("/model.safetensors"));   // weights are not moved
    PretrainResult result = PretrainJob.run(spark, remote, line -> {});
    assertThat(result.weightsSha256()).isEqualTo(whole);
    assertThat(result.checkpoint()).startsWith(LAKE + "run/");
    assertThat(spark.sql("SELECT min(step) FROM parquet.`" + LAKE + "run/steps` WHERE attempt = 2").first().getLong(0))
        .isEqualTo(4);
  }

  /** What a look tells after each change from now on; it has no other way to complain. */
  private static Set<String> watched(Supplier<String> look) {
    Set<String> seen = new LinkedHashSet<>();
    store.afterEachChange(() -> {
      try {
        seen.add(look.get());
      } catch (RuntimeException e) {
        seen.add("torn: " + e);
      }
    });
    return seen;
  }

  /** The fingerprint of the dataset that a reader finds, or what of it is missing. */
  private static String dataset(String prefix) {
    Optional<JsonNode> told = json(prefix + DatasetInfo.FILE);
    if (told.isEmpty()) return NONE;
    if (!told.get().path("tokenizer").asText().equals(sha256(prefix + "tokenizer.json"))) return "torn: tokenizer.json";
    for (String part : List.of("training", "heldOut"))
      for (JsonNode shard : told.get().path(part).path("shards"))
        if (!shard.path("sha256").asText().equals(sha256(prefix + shard.path("file").asText())))
          return "torn: " + shard;
    return told.get().path("fingerprint").asText();
  }

  /** The checkpoints that have a manifest, or what is missing of one. */
  private static String checkpoints(String prefix) {
    StringBuilder found = new StringBuilder();
    for (String key : store.keys(prefix)) {
      if (!key.endsWith("/manifest.json")) continue;
      String home = prefix + key.substring(0, key.lastIndexOf('/') + 1);
      for (JsonNode file : json(prefix + key).orElseThrow().path("files"))
        if (!file.path("sha256").asText().equals(sha256(home + file.path("name").asText()))) return "torn: " + file;
      found.append(key).append(' ');
    }
    return found.toString();
  }

  private static Optional<JsonNode> json(String key) {
    return store.read(key).map(bytes -> {
      try {
        return new ObjectMapper().readTree(bytes);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    });
  }

  private static String sha256(String key) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return store.read(key).map(bytes -> HexFormat.of().formatHex(digest.digest(bytes))).orElse(NONE);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static PretrainConfig config(String dataset, String run) {
    return TinyRuns.of(dataset, run, PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0)
        .withCheckpoints(CheckpointSettings.of(1, 3, 0));
  }

  private static PrepResult prepare(String in, String out) {
    return PrepJob.run(spark, options(in, out));
  }

  private static PrepOptions options(String in, String out) {
    return new PrepOptions(CorpusSource.jsonl(in), out, Optional.empty(), 280, 32, 5, 1);
  }

  private static byte[] documents(String name, int count) {
    SplittableRandom random = new SplittableRandom(1);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < count; i++) {
      lines.append("{\"id\":\"").append(name).append(i).append("\",\"text\":\"");
      for (int word = 0; word < 60; word++)
        lines.append("the state of union is strong and we".split(" ")[random.nextInt(8)]).append(' ');
      lines.append(name).append("\"}\n");
    }
    return lines.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void write(String path, byte[] content) throws IOException {
    Path file = new Path(path);
    try (FSDataOutputStream out = file.getFileSystem(conf).create(file)) {
      out.write(path.endsWith(".gz") ? packed(content) : content);
    }
  }

  private static byte[] packed(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(content);
    }
    return bytes.toByteArray();
  }
}
