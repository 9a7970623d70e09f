package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.ModelSettings.Positions;
import dev.kindling.jobs.train.OptimizerSettings.Kind;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import java.io.IOException;
import java.io.Serializable;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What is planned for an executor is what its process takes, to a tenth: executors are processes of their own, one for each run. Of
 * the heap that is what stays after a collection; how far it grows between two is the collector's to say.
 */
@Tag("slow")
@Timeout(300)
class PlannedProcessTest {
  private static final double MIB = 1 << 20;
  private static final int TIME = 128;
  /**
   * What a JVM takes for itself on a machine of 16 GiB: elsewhere it begins with another share of the heap; and how the launcher
   * lets that grow.
   */
  private static final String HEAP_FROM = "-Xms256m -XX:GCTimeRatio=1";
  private static final Pattern OFF_HEAP = Pattern.compile("([\\d.]+) (MiB|GiB) off-heap");
  @TempDir
  Path folder;

  private static ModelSettings model(ModelFamily family, int layers, int width, int groups, int experts) {
    return new ModelSettings(family, layers, 8, groups, width, 0, 0, 0, 0, experts, 0, Positions.LEARNED);
  }

  static Stream<Arguments> runs() {
    return Stream.of(
        Arguments.of(model(ModelFamily.GPT2, 6, 768, 0, 0), PrecisionChoice.FLOAT32, Kind.MUON, 2, 1, 0.0, 1),
        Arguments.of(model(ModelFamily.LLAMA, 6, 768, 2, 0), PrecisionChoice.BFLOAT16, Kind.ADAMW, 4, 2, 0.0, 1),
        Arguments.of(model(ModelFamily.MIXTRAL, 5, 512, 4, 4), PrecisionChoice.FLOAT32, Kind.ADAMW, 1, 1, 0.0, 1),
        Arguments.of(model(ModelFamily.BERT, 6, 768, 0, 0), PrecisionChoice.FLOAT32, Kind.ADAFACTOR, 4, 2, 0.0, 1),
        Arguments.of(model(ModelFamily.T5_V1_1, 4, 512, 0, 0), PrecisionChoice.BFLOAT16, Kind.LION, 2, 1, 0.999, 1),
        Arguments.of(model(ModelFamily.BLOOM, 6, 768, 0, 0), PrecisionChoice.BFLOAT16, Kind.SGD, 8, 1, 0.0, 1),
        Arguments.of(model(ModelFamily.GPT2, 6, 768, 0, 0), PrecisionChoice.BFLOAT16, Kind.MUON, 8, 1, 0.0, 2));
  }

  @ParameterizedTest
  @MethodSource("runs")
  void thePlanIsWithinATenthOfWhatIsMeasured(ModelSettings model, PrecisionChoice precision, Kind optimizer,
      int virtualRanks, int accumulate, double average, int ranks) throws Exception {
    String dataset = TinyDataset.write(folder.resolve("data"), 64, 64, 4, TIME, 2000);
    PretrainConfig config = PretrainConfig.of(dataset, folder.resolve("run").toString()).withModel(model)
        .withTrain(new TrainSettings(3, 0, 2, accumulate, virtualRanks, 7, precision, 1, 0, 4, 1, 0))
        .withOptimizer(new OptimizerSettings(optimizer, 1e-3, 0, 0.95, false, 0.9, 0, 0, 0.1,
            List.of(GroupSettings.vectors())))
        .withAverage(new AverageSettings(average, false))
        .withCluster(new ClusterSettings(ranks, 60, 0, KernelChoice.BEST, "0", 20));
    MemoryPlan plan = MemoryPlan.of(PretrainPlan.of(config, new Configuration()), ranks, 1,
        MemoryPlan.precision(precision));
    List<String> lines = new ArrayList<>();
    Process measured;
    try (SparkSession spark = Sessions.asOfUsers(ranks, HEAP_FROM)) {
      ClusterSlots.await(spark.sparkContext(), ranks, 150);
      PretrainJob.run(spark, config, lines::add);
      measured = measure(spark);
    }
    assertThat(plan.offHeap() / MIB / offHeap(lines)).as("outside the heap").isCloseTo(1, within(0.1));
    assertThat((double) plan.total() / measured.resident).as("the process").isCloseTo(1, within(0.1));
    assertThat((double) plan.heap() / measured.live).as("the heap").isCloseTo(1, within(0.1));
    assertThat(measured.heap).as("the heap, grown").isLessThan(plan.heapOption() << 20);
  }

  /**
   * @param resident the most bytes that the process has had in memory; @param heap what its heap has grown to
   * @param live what stays of it after a collection
   */
  private record Process(long resident, long heap, long live) implements Serializable {
    static Process current() throws IOException {
      String peak = Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("VmHWM"))
          .findFirst().orElseThrow();
      long grown = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getCommitted();
      System.gc();
      return new Process(1024 * Long.parseLong(peak.replaceAll("\\D", "")), grown,
          ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
    }
  }

  /** The largest of the executors. */
  private static Process measure(SparkSession spark) {
    List<Integer> tasks = IntStream.range(0, 16).boxed().toList();
    return JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(tasks, tasks.size()).map(task -> {
      Thread.sleep(100);                                   // so that every executor gets some
      return Process.current();
    }).reduce((a, b) -> a.resident > b.resident ? a : b);
  }

  /** What the last progress line says, in MiB. */
  private static double offHeap(List<String> lines) {
    double last = 0;
    for (String line : lines) {
      Matcher size = OFF_HEAP.matcher(line);
      if (size.find()) last = Double.parseDouble(size.group(1)) * (size.group(2).equals("GiB") ? 1024 : 1);
    }
    return last;
  }
}
