package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import dev.kindling.jobs.transport.Connections;
import dev.kindling.jobs.transport.Security;
import dev.kindling.train.collective.Communicator;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerSpeculativeTaskSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.TaskInfo;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.TaskCompletionListener;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Clusters with Spark's own security, and with its own ideas of slow tasks: the weights are the same. */
@Tag("slow")
@Timeout(240)
class SecuredClusterTest {
  private static final Map<String, String> AUTHENTICATED = Map.of("spark.authenticate", "true",
      "spark.authenticate.secret", "of the test");
  private static final Map<String, String> SPECULATING = Map.of("spark.speculation", "true",
      "spark.speculation.interval", "100ms", "spark.speculation.multiplier", "1.01", "spark.speculation.quantile",
      "0.1",
      "spark.speculation.efficiency.enabled", "false");
  private static final int SLOW_MILLIS = 40, LATE_MILLIS = 3000;
  @TempDir
  private Path folder;
  private String dataset;
  private String alone;

  @BeforeEach
  void trainAlone() throws IOException {
    dataset = TinyDataset.write(folder.resolve("data"), 50, 20, 0);
    try (SparkSession local = Sessions.local(1)) {
      alone = PretrainJob.run(local, config("alone"), line -> {}).weightsSha256();
    }
  }

  private PretrainConfig config(String run) {
    return TinyRuns
        .reading(TinyRuns.of(dataset, folder.resolve(run), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0), 24, 0, 8)
        .withCheckpoints(CheckpointSettings.of(8, 9, 0));
  }

  private void trainsTheSameWith(Map<String, String> settings, Security security, String run) throws IOException {
    PretrainConfig config = config(run);
    try (SparkSession spark = Sessions.cluster(2, settings)) {
      ClusterSlots.await(spark.sparkContext(), 2, 100);
      PretrainResult result = PretrainJob.run(spark, config, line -> {}, rank -> {
        rank.communicator().allGather(new byte[0]);          // then all connections are there
        assertThat(Connections.handlers(rank.communicator())).hasSize(2).allMatch(security::isIn);
        return PretrainRank.run(config, rank);
      });
      assertThat(result.ranks()).isEqualTo(2);
      assertThat(result.weightsSha256()).isEqualTo(alone);
    }
  }

  @ParameterizedTest
  @EnumSource
  void withAuthentication(Security security) throws Exception {
    Map<String, String> settings = new HashMap<>(AUTHENTICATED);
    settings.putAll(security.settings(folder));
    trainsTheSameWith(settings, security, "secured");
  }

  /** REPORTS E05: ranks are never run twice, and no folder of a second attempt is left. */
  @Test
  void withSpeculation() throws IOException {
    trainsTheSameWith(SPECULATING, Security.PLAIN, "speculating");
    assertThatOneAttemptSaved("speculating");
  }

  /** The same where Spark has a rank that is slow, later done than the other, and a host to start it again on. */
  @Test
  void withSpeculationAndARankThatIsSlow() throws IOException {
    PretrainConfig config = config("slow").withCluster(new ClusterSettings(2, 45, 0, KernelChoice.PLAIN, "0", 20));
    List<String> lines = new CopyOnWriteArrayList<>();
    Tasks tasks = new Tasks();
    try (LoopbackHosts hosts = LoopbackHosts.start(folder.resolve("cluster"),
        List.of("127.0.0.1", "127.0.0.2", "127.0.0.3")); SparkSession spark = hosts.session(SPECULATING)) {
      ClusterSlots.await(spark.sparkContext(), 3, 100);
      spark.sparkContext().addSparkListener(tasks);
      PretrainResult result = PretrainJob.run(spark, config, lines::add,
          rank -> PretrainRank.run(config, rank.rank() == 1 ? slow(rank) : rank));
      assertThat(result.ranks()).isEqualTo(2);
      assertThat(result.weightsSha256()).isEqualTo(alone);
      List<TaskInfo> ranks = tasks.ended(2);
      assertThat(ranks.get(1).finishTime() - ranks.get(0).finishTime()).isGreaterThan(LATE_MILLIS / 2);
      assertThat(tasks.copies).isEmpty();
      runATaskThatIsSlow(spark);
      assertThat(tasks.ended(4)).hasSizeGreaterThanOrEqualTo(4);
      assertThat(tasks.copies).as("what is no rank is started again here").isNotEmpty();
    }
    assertThat(lines).filteredOn(line -> line.contains("straggler")).singleElement().asString()
        .startsWith("rank 1 is a straggler (executor ").contains(" times as long as the others for the same work");
    assertThatOneAttemptSaved("slow");
  }

  private void assertThatOneAttemptSaved(String run) throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve(run))) {
      assertThat(files.map(f -> f.getFileName().toString()).filter(name -> name.matches("(attempt|step)-.*")))
          .containsExactlyInAnyOrder("attempt-00001", "step-00000008", "step-00000016", "step-00000024");
    }
  }

  /** It takes long for each of its micro-batches, and its task for its end. */
  private static Rank slow(Rank rank) {
    TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> sleep(LATE_MILLIS));
    Communicator slow = (Communicator) Proxy.newProxyInstance(Communicator.class.getClassLoader(),
        new Class<?>[]{Communicator.class}, (proxy, method, arguments) -> {
          if (method.getName().equals("throwIfLost")) sleep(SLOW_MILLIS);      // asked before each micro-batch
          return method.invoke(rank.communicator(), arguments);
        });
    return new Rank(rank.rank(), rank.worldSize(), rank.threads(), rank.epoch(), rank.conf(), slow, rank.driver());
  }

  private static void runATaskThatIsSlow(SparkSession spark) {
    JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(List.of(0, 1), 2).map(i -> {
      if (i == 1 && TaskContext.get().attemptNumber() == 0) sleep(LATE_MILLIS);
      return i;
    }).collect();
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What becomes of Spark's tasks. */
  private static final class Tasks extends SparkListener {
    private final List<TaskInfo> ended = new CopyOnWriteArrayList<>();
    private final List<Integer> copies = new CopyOnWriteArrayList<>();

    @Override
    public void onTaskEnd(SparkListenerTaskEnd task) {
      ended.add(task.taskInfo());
    }

    @Override
    public void onSpeculativeTaskSubmitted(SparkListenerSpeculativeTaskSubmitted task) {
      copies.add(task.taskIndex());
    }

    /** At least so many, in their order; a listener is told later than what it is told of. */
    List<TaskInfo> ended(int tasks) {
      for (int i = 0; i < 200 && ended.size() < tasks; i++) sleep(50);
      return List.copyOf(ended);
    }
  }
}
