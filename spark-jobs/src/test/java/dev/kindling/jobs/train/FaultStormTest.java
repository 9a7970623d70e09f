package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.Faults.Kind;
import dev.kindling.jobs.train.Faults.Phase;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Executors, each a process of its own, are killed and frozen in every phase of a step and of a checkpoint, again and again within
 * one run: it ends with the weights of one that nothing happened to, and never stands still for long.
 */
@Tag("slow")
@Timeout(600)
class FaultStormTest {
  /** {@code -Dkindling.storm.rounds=9}: a kill in each of the six phases a round. */
  private static final int ROUNDS = Integer.getInteger("kindling.storm.rounds", 4);
  private static final Duration LONGEST_STANDSTILL = Duration.ofSeconds(30);
  @TempDir
  private Path folder;

  private PretrainConfig config(String run, long steps) throws Exception {
    String dataset = TinyDataset.write(folder.resolve("data"), 50, 20, 0);
    return TinyRuns
        .reading(TinyRuns.of(dataset, folder.resolve(run), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0), steps, 0, 8)
        .withCheckpoints(CheckpointSettings.of(5, 3, 0))
        .withCluster(new ClusterSettings(0, 60, 1, 60, KernelChoice.PLAIN, "0", 3, 25));
  }

  @Test
  void killsInEveryPhaseLeaveTheWeightsOfAnUndisturbedRun() throws Exception {
    Faults faults = new Faults(folder.resolve("faults").toString());
    int number = 0;
    for (int round = 0; round < ROUNDS; round++) {
      for (Phase phase : Phase.values()) faults.add(number++, Kind.KILL, phase);
    }
    storm(faults, 60 + 40L * ROUNDS);
    Map<Phase, Integer> fell = new EnumMap<>(Phase.class);
    for (String line : faults.happened()) {
      for (Phase phase : Phase.values()) if (line.contains("KILL-" + phase + " ")) fell.merge(phase, 1, Integer::sum);
    }
    System.out.println("kills by phase: " + fell);
    assertThat(fell).hasSize(Phase.values().length).allSatisfy((phase, kills) -> assertThat(kills).isEqualTo(ROUNDS));
  }

  @Test
  void frozenExecutorsAreRemovedAndChangeNothingWhenTheyThaw() throws Exception {
    Faults faults = new Faults(folder.resolve("faults").toString());
    List<Phase> phases = List.of(Phase.BACKWARD, Phase.ALL_GATHER, Phase.COMMIT);
    for (int i = 0; i < phases.size(); i++) faults.add(i, Kind.FREEZE, phases.get(i));
    List<String> lines = storm(faults, 150);
    assertThat(lines).anyMatch(l -> l.contains("was removed"));
  }

  /** @return what the run said */
  private List<String> storm(Faults faults, long steps) throws Exception {
    String whole;
    try (SparkSession local = Sessions.local(1)) {
      whole = PretrainJob.run(local, config("whole", steps), line -> {}).weightsSha256();
    }
    PretrainConfig config = config("run", steps);
    PretrainConfig faulty = PretrainConfig.of(config.dataset(), FaultyFileSystem.SCHEME + "://" + config.run())
        .withModel(config.model()).withTrain(config.train()).withOptimizer(config.optimizer())
        .withSchedule(config.schedule()).withCheckpoints(config.checkpoints()).withCluster(config.cluster());
    List<String> lines = new CopyOnWriteArrayList<>();
    AtomicLong longest = new AtomicLong();
    AtomicLong last = new AtomicLong(System.nanoTime());
    try (SparkSession spark = Sessions.cluster(3)) {
      ClusterSlots.await(spark.sparkContext(), 3, 150);
      spark.sparkContext().hadoopConfiguration().setClass("fs." + FaultyFileSystem.SCHEME + ".impl",
          FaultyFileSystem.class, org.apache.hadoop.fs.FileSystem.class);
      spark.sparkContext().hadoopConfiguration().set(FaultyFileSystem.FOLDER, faults.folder());
      last.set(System.nanoTime());
      PretrainResult result = PretrainJob.run(spark, faulty, line -> {
        lines.add(line);
        long now = System.nanoTime();
        longest.accumulateAndGet(now - last.getAndSet(now), Math::max);
      }, rank -> PretrainRank.run(faulty, withFaults(rank, faults)));
      assertThat(faults.waiting()).isEmpty();
      assertThat(result.weightsSha256()).isEqualTo(whole);
      assertThat(spark.range(10).count()).isEqualTo(10);
    }
    System.out.println("longest time without a word: " + Duration.ofNanos(longest.get()));
    assertThat(Duration.ofNanos(longest.get())).isLessThan(LONGEST_STANDSTILL);
    return lines;
  }

  private static Rank withFaults(Rank rank, Faults faults) {
    return new Rank(rank.rank(), rank.worldSize(), rank.threads(), rank.epoch(), rank.conf(),
        FaultyCommunicator.around(rank.communicator(), faults), rank.driver());
  }
}
