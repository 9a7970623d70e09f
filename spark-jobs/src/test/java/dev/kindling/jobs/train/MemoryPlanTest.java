package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MemoryPlanTest {
  @TempDir
  static Path folder;
  private static String dataset;

  @BeforeAll
  static void write() throws Exception {
    dataset = TinyDataset.write(folder.resolve("data"), 50, 20, 9);
  }

  private static MemoryPlan plan(ModelSettings model, KernelChoice kernels, int ranks) {
    PretrainConfig config = TinyRuns.of(dataset, folder.resolve("run"), PrecisionChoice.FLOAT32, kernels, ranks)
        .withModel(model);
    return MemoryPlan.of(PretrainPlan.of(config, new Configuration()), ranks, 2, Precision.FLOAT32);
  }

  @Test
  void whatIsPlannedIsNotTaken() {
    long before = Memory.inUse();
    MemoryPlan plan = plan(new ModelSettings(8, 16, 2048, 0, 0), KernelChoice.BEST, 1);
    assertThat(Memory.inUse()).isEqualTo(before);
    long weights = 4L * 8 * 12 * 2048 * 2048;              // of the hidden matrices
    assertThat(plan.step().masters()).isBetween(weights, weights + (2 << 20));
    assertThat(plan.step().packed()).isBetween(2 * weights, 2 * weights + (4 << 20));
    assertThat(plan.step().gradients()).isEqualTo(4 * plan.step().masters());          // of 8 virtual ranks
  }

  @Test
  void blocksThatAreComputedAgainNeedLess() {
    PretrainConfig config = TinyRuns.of(dataset, folder.resolve("run"), PrecisionChoice.FLOAT32, KernelChoice.BEST, 1)
        .withModel(new ModelSettings(12, 4, 256, 0, 0));
    PretrainConfig again = config.withTrain(config.train().withActivationCheckpointing());
    MemoryPlan all = MemoryPlan.of(PretrainPlan.of(config, new Configuration()), 1, 2, Precision.FLOAT32);
    MemoryPlan less = MemoryPlan.of(PretrainPlan.of(again, new Configuration()), 1, 2, Precision.FLOAT32);
    assertThat(3 * less.step().activations()).isLessThan(all.step().activations());
    assertThat(less.step().scratch()).isEqualTo(all.step().scratch());
  }

  @Test
  void moreRanksHoldFewerGradientsAndStatesAndAnInbox() {
    ModelSettings model = new ModelSettings(2, 2, 32, 0, 0);
    MemoryPlan alone = plan(model, KernelChoice.PLAIN, 1);
    MemoryPlan three = plan(model, KernelChoice.PLAIN, 3);
    assertThat(alone.inbox()).isZero();
    assertThat(three.inbox()).isPositive();
    assertThat(three.step().gradients()).isLessThan(alone.step().gradients());
    assertThat(three.step().states()).isLessThan(alone.step().states());
    assertThat(three.step().masters()).isEqualTo(alone.step().masters());
  }

  @Test
  void onlyExactGradientsComeInAnInbox() {
    for (GradientSettings.Kind kind : GradientSettings.Kind.values()) {
      PretrainConfig config = TinyRuns.of(dataset, folder.resolve("run"), PrecisionChoice.FLOAT32, KernelChoice.PLAIN,
          3).withGradients(new GradientSettings(kind, 0.7, 0.1, 16, 1, 0.5, 0.5));
      MemoryPlan plan = MemoryPlan.of(PretrainPlan.of(config, new Configuration()), 3, 2, Precision.FLOAT32);
      boolean exact = kind == GradientSettings.Kind.EXACT;
      assertThat(plan.inbox() > 0).as("inbox of %s", kind).isEqualTo(exact);
      assertThat(plan.step().exchange() > 0).as("exchange of %s", kind).isEqualTo(!exact);
    }
  }

  @Test
  void yarnAndKubernetesMustGrantWhatIsNeeded() {
    MemoryPlan plan = plan(new ModelSettings(2, 2, 32, 0, 0), KernelChoice.PLAIN, 2);
    SparkConf yarn = new SparkConf(false).set("spark.master", "yarn").set("spark.executor.memory", "1g")
        .set("spark.executor.memoryOverhead", "200m");
    assertThatThrownBy(() -> plan.refuseUnlessGranted(yarn)).isInstanceOf(UserError.class)
        .hasMessageContaining("spark.executor.memoryOverhead is 200 MiB; a rank needs")
        .hasMessageEndingWith("set spark.executor.memoryOverhead=" + plan.overheadOption() + "m");
    plan.refuseUnlessGranted(yarn.set("spark.executor.memoryOverhead", plan.overheadOption() + "m"));
    plan.refuseUnlessGranted(new SparkConf(false).set("spark.master", "spark://host:7077")
        .set("spark.executor.memoryOverhead", "200m"));
  }

  @Test
  void theTableNamesEveryPartAndSparksOptions() {
    MemoryPlan plan = plan(new ModelSettings(2, 2, 32, 0, 0), KernelChoice.PLAIN, 2);
    assertThat(String.join("\n", plan.lines())).contains("each of 2 executors, 2 threads, float32", "weights",
        "gradients",
        "optimizer", "activations", "kernels", "communication", "outside the heap", "heap",
        "spark.executor.memoryOverhead=" + plan.overheadOption() + "m", "spark.executor.cores=2",
        "spark.executor.instances=2");
  }
}
