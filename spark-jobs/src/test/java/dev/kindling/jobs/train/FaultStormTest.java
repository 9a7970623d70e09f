package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.Faults.Kind;
import dev.kindling.jobs.train.Faults.Phase;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Executors, each a process of its own, and ranks are killed and frozen in every phase of a step and of a checkpoint, their connections
 * are cut and stand still, checkpoints are damaged, all again and again within one run: it ends with the weights of one that
 * nothing happened to, and never stands still for long.
 */
@Tag("slow")
@Timeout(1200)
class FaultStormTest {
  /** Of each in every phase: 54 kills in all. */
  private static final int EXECUTORS = 7, RANKS = 2;
  private static final List<Phase> OF_A_STEP = List.of(Phase.BACKWARD, Phase.REDUCE, Phase.ALL_GATHER);
  private static final int STEPS = 800;
  private static final int LOSSES_A_DAMAGE = 6;
  private static final Duration LONGEST_STANDSTILL = Duration.ofSeconds(30);
  private static final String GOES_ON = "goes on from the newest checkpoint";
  @TempDir
  private Path folder;
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final List<Long> times = new CopyOnWriteArrayList<>();       // of the lines, in ms
  private final AtomicLong longest = new AtomicLong();
  private final AtomicLong last = new AtomicLong();
  private DamagedCheckpoints damage;

  private PretrainConfig config(String run) throws IOException {
    String dataset = TinyDataset.write(folder.resolve("data"), 50, 20, 0);
    return TinyRuns
        .reading(TinyRuns.of(dataset, folder.resolve(run), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0), STEPS, 0, 8)
        .withCheckpoints(CheckpointSettings.of(4, 3, 0))
        .withCluster(new ClusterSettings(0, 60, 1, 80, KernelChoice.PLAIN, "0", 3, 25));
  }

  private Faults faults() {
    List<Map.Entry<Kind, Phase>> all = new ArrayList<>();
    for (Phase phase : Phase.values()) {
      for (int i = 0; i < EXECUTORS; i++) all.add(Map.entry(Kind.KILL, phase));
      for (int i = 0; i < RANKS; i++) all.add(Map.entry(Kind.RANK, phase));
    }
    for (Phase phase : OF_A_STEP) {
      all.add(Map.entry(Kind.CUT, phase));
      all.add(Map.entry(Kind.STALL, phase));
      all.add(Map.entry(Kind.FREEZE, phase == Phase.REDUCE ? Phase.COMMIT : phase));
    }
    long seed = System.nanoTime();
    System.out.println("the storm's seed: " + seed);
    Collections.shuffle(all, new Random(seed));
    Map.Entry<Kind, Phase> loss = Map.entry(Kind.KILL, Phase.BACKWARD);
    all.remove(loss);
    all.add(loss);                               // so that something is loaded after all others but those in LOAD
    Faults faults = new Faults(folder.resolve("faults").toString());
    for (int i = 0; i < all.size(); i++) faults.add(i, all.get(i).getKey(), all.get(i).getValue());
    return faults;
  }

  @Test
  void aStormOfFaultsLeavesTheWeightsOfAnUndisturbedRun() throws Exception {
    String whole;
    try (SparkSession local = Sessions.local(1)) {
      whole = PretrainJob.run(local, config("whole"), line -> {}).weightsSha256();
    }
    Faults faults = faults();
    PretrainConfig config = config("run");
    damage = new DamagedCheckpoints(Path.of(config.run()));
    PretrainConfig faulty = PretrainConfig.of(config.dataset(), FaultyFileSystem.SCHEME + "://" + config.run())
        .withModel(config.model()).withTrain(config.train()).withOptimizer(config.optimizer())
        .withSchedule(config.schedule()).withCheckpoints(config.checkpoints()).withCluster(config.cluster());
    try (SparkSession spark = Sessions.cluster(3, Map.of("spark.deploy.maxExecutorRetries", "-1"))) {
      ClusterSlots.await(spark.sparkContext(), 3, 150);
      spark.sparkContext().hadoopConfiguration().setClass("fs." + FaultyFileSystem.SCHEME + ".impl",
          FaultyFileSystem.class, FileSystem.class);
      spark.sparkContext().hadoopConfiguration().set(FaultyFileSystem.FOLDER, faults.folder());
      last.set(System.nanoTime());
      PretrainResult result = PretrainJob.run(spark, faulty, this::told,
          rank -> PretrainRank.run(faulty, withFaults(rank, faults)));
      heard();
      System.out.println("longest time without a word: " + Duration.ofNanos(longest.get()) + ", damaged checkpoints: "
          + damage.done());
      assertThat(faults.waiting()).isEmpty();
      assertThat(result.weightsSha256()).isEqualTo(whole);
      assertThat(spark.range(10).count()).isEqualTo(10);
    }
    assertThat(Duration.ofNanos(longest.get())).isLessThan(LONGEST_STANDSTILL);
    assertKillsInEveryPhase(faults);
    assertThatTheFrozenThawedWhenTheRunHadGoneOn(faults);
    assertThatWhatWasCutWasALoss(faults);
    assertThat(damage.done()).hasSizeGreaterThanOrEqualTo(4);
  }

  /** The driver's thread waits for this before it submits again. */
  private synchronized void told(String line) {
    heard();
    times.add(System.currentTimeMillis());
    lines.add(line);
    if (line.endsWith(GOES_ON) && losses(0, Long.MAX_VALUE) % LOSSES_A_DAMAGE == 0) damage.more();
  }

  /** The run gave a sign that it gets on: a line, or its end. */
  private void heard() {
    long now = System.nanoTime();
    longest.accumulateAndGet(now - last.getAndSet(now), Math::max);
  }

  private static void assertKillsInEveryPhase(Faults faults) throws IOException {
    Map<Phase, Integer> kills = new EnumMap<>(Phase.class);
    for (String line : faults.happened()) {
      for (Phase phase : Phase.values()) {
        if (line.matches("\\d+-(KILL|RANK)-" + phase + " .*")) kills.merge(phase, 1, Integer::sum);
      }
    }
    System.out.println("kills by phase: " + kills);
    assertThat(kills).hasSize(Phase.values().length).allSatisfy((phase, n) -> assertThat(n).isGreaterThanOrEqualTo(8));
    assertThat(kills.values().stream().mapToInt(Integer::intValue).sum()).isGreaterThanOrEqualTo(50);
  }

  private void assertThatTheFrozenThawedWhenTheRunHadGoneOn(Faults faults) throws Exception {
    assertThat(lines).anyMatch(l -> l.contains("was removed"));
    int frozen = times(faults, "\\d+-" + Kind.FREEZE + "-.*").size();
    while (times(faults, "(" + Faults.THAWED + "|" + Faults.GONE + ") .*").size() < frozen) Thread.sleep(100);
    List<Long> thaws = times(faults, Faults.THAWED + " .*");
    System.out.println("frozen executors that thawed: " + thaws.size() + " of " + frozen);
    assertThat(thaws).isNotEmpty()
        .allSatisfy(thaw -> assertThat(losses(thaw - Faults.FROZEN_MILLIS, thaw)).isPositive());
  }

  private void assertThatWhatWasCutWasALoss(Faults faults) throws IOException {
    assertThat(times(faults, "\\d+-" + Kind.CUT + "-.*")).hasSameSizeAs(OF_A_STEP)
        .allSatisfy(cut -> assertThat(losses(cut, cut + LONGEST_STANDSTILL.toMillis())).isPositive());
  }

  /** When what such lines of the faults' log tell has happened, in ms. */
  private static List<Long> times(Faults faults, String line) throws IOException {
    return faults.happened().stream().filter(l -> l.matches(line))
        .map(l -> Long.parseLong(l.substring(l.lastIndexOf(' ') + 1))).toList();
  }

  /** How often the run went on without a rank between two times, in ms. */
  private long losses(long from, long to) {
    long losses = 0;
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).endsWith(GOES_ON) && times.get(i) > from && times.get(i) < to) losses++;
    }
    return losses;
  }

  private static Rank withFaults(Rank rank, Faults faults) {
    return new Rank(rank.rank(), rank.worldSize(), rank.threads(), rank.epoch(), rank.conf(),
        FaultyCommunicator.around(rank.communicator(), faults), rank.driver());
  }
}
