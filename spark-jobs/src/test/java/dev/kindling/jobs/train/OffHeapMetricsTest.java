package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.SparkEnv;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a cluster's monitoring sees of a run: its memory, its newest step, and what the stage's page counts. */
@Timeout(180)
class OffHeapMetricsTest {
  @TempDir
  Path folder;

  @Test
  void sparksSinksAreToldOfTheMemoryOutsideTheHeapAndOfTheNewestStepAndItsPageOfAllSteps() throws Exception {
    String dataset = TinyDataset.write(folder.resolve("data"), 50, 20, 0);
    Path csv = Files.createDirectories(folder.resolve("csv"));
    PretrainConfig config = TinyRuns.reading(
        TinyRuns.of(dataset, folder.resolve("run"), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0), 200, 0, 8);
    String[] line = new String[1];
    try (SparkSession spark = Sessions.builder("local[1]")
        .config("spark.metrics.conf.*.sink.csv.class", "org.apache.spark.metrics.sink.CsvSink")
        .config("spark.metrics.conf.*.sink.csv.directory", csv.toString())
        .config("spark.metrics.conf.*.sink.csv.period", "1").config("spark.metrics.conf.*.sink.csv.unit", "hours")
        .getOrCreate()) {
      StageTotals totals = StageTotals.of(spark.sparkContext());
      PretrainJob.run(spark, config, each -> {
        if (each.startsWith("step   2/")) line[0] = each;
        if (each.startsWith("step   4/")) SparkEnv.get().metricsSystem().report();      // step 2 was shown
      });
      totals.upToDate();
      assertThat(totals.count("steps")).isEqualTo(200);
      assertThat(totals.count("tokens")).isEqualTo(200L * 8 * TinyDataset.TIME);
      for (String part : List.of("compute", "data")) assertThat(totals.seconds(part)).as(part).isPositive();
    }
    List<String> values = Files.readAllLines(metric(csv, "offHeapBytes"));
    assertThat(values.get(0)).isEqualTo("t,value");
    long weights = 4L * 2 * 12 * 32 * 32;                  // of the hidden matrices; more is held
    assertThat(Long.parseLong(values.get(1).split(",")[1])).isGreaterThan(weights);
    assertThat(newest(csv, "step")).isGreaterThanOrEqualTo(2);
    assertThat(newest(csv, "loss")).isBetween(0.0, 2 * Math.log(TinyDataset.VOCABULARY));
    assertThat(newest(csv, "computeShare")).isBetween(0.0, 1.0);
    assertThat(newest(csv, "tokensPerSecond")).isPositive();
    assertThat(line[0]).matches("step   2/200 .* [1-9]\\d* MiB off-heap");
  }

  private static double newest(Path csv, String name) throws Exception {
    return Double.parseDouble(Files.readAllLines(metric(csv, name)).get(1).split(",")[1]);
  }

  private static Path metric(Path csv, String name) throws Exception {
    try (Stream<Path> files = Files.list(csv)) {
      return files.filter(file -> file.getFileName().toString().endsWith(".kindling." + name + ".csv")).findFirst()
          .orElseThrow();
    }
  }
}
