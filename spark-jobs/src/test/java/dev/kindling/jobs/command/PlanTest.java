package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.data.shard.DatasetInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The verb plan: needs, room, and refusals, from a dataset's description alone. */
class PlanTest {
  private static final String[] TINY = {"--set", "model.layers=2", "--set", "model.width=32", "--set", "model.heads=2"};
  @TempDir
  Path folder;

  private Ended plan(int vocabulary, String[] settings, String... more) throws IOException {
    DatasetInfo.Part rows = new DatasetInfo.Part(1, 256, 256, 4, 4, 4,
        List.of(new DatasetInfo.Shard("rows.parquet", 4, 1, "none")));
    Files.writeString(folder.resolve(DatasetInfo.FILE),
        new DatasetInfo(DatasetInfo.FORMAT, DatasetInfo.VERSION, "none", 64, vocabulary, 0, "none",
            new DatasetInfo.Inputs(1, 1, "none"), Map.of(), rows, rows).toJson());
    List<String> all = new ArrayList<>(
        List.of("plan", "--data", folder.toString(), "--threads", "2", "--set", "train.precision=float32"));
    all.addAll(List.of(settings));
    all.addAll(List.of(more));
    return Ended.of(all.toArray(String[]::new));
  }

  private static long mebibytesOutsideTheHeap(Ended plan) {
    Matcher option = Pattern.compile("memoryOverhead=(\\d+)m").matcher(plan.out());
    assertThat(option.find()).as(plan.out() + plan.err()).isTrue();
    return Long.parseLong(option.group(1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama", "mistral", "qwen2", "qwen3", "phi3", "gemma2", "mixtral", "gpt-neox",
      "bloom",
      "bert", "distilbert", "roberta", "t5", "t5-v1-1"})
  void everyFamilyIsPlanned(String family) throws IOException {
    Ended plan = plan(500, TINY, "--set", "model.family=" + family, "--ranks", "3");
    assertThat(plan.err()).isEmpty();
    assertThat(plan.code()).isZero();
    assertThat(plan.out()).contains("each of 3 executors, 2 threads, float32", "weights", "gradients", "optimizer",
        "activations", "kernels", "communication", "JVM", "heap", "--conf spark.executor.memory=");
    assertThat(plan.out().lines().filter(line -> line.startsWith("  activations"))).singleElement().asString()
        .doesNotContain(" 0.0 MiB");
  }

  /** REPORTS E07: Spark's formula, in its own numbers. */
  @Test
  void theContainerOfExecutorsThatAreTriedIsTold() throws IOException {
    Ended both = plan(500, TINY, "--executor-memory", "4g", "--conf", "spark.memory.offHeap.enabled=true", "--conf",
        "spark.memory.offHeap.size=4g");
    assertThat(both.out()).contains("container 8,601 MiB: heap 4,096, overhead 409, Spark's own off-heap memory 4,096");
    assertThat(plan(500, TINY, "--executor-memory", "2g").out())
        .contains("container 2,432 MiB: heap 2,048, overhead 384");
  }

  @Test
  void executorsThatAreLargeEnoughAreToldToBe() throws IOException {
    long needed = mebibytesOutsideTheHeap(plan(500, TINY));
    Ended fits = plan(500, TINY, "--conf", "spark.executor.memoryOverhead=" + needed + "m");
    assertThat(fits.out()).endsWith("a rank fits\n");
    assertThat(fits.code()).isZero();
  }

  /** REPORTS E07: native memory lives outside the heap; Spark's own off-heap memory is not it. */
  @Test
  void sixGibibytesInOneOfOverheadAreRefusedWithTheSettingToRaise() throws IOException {
    String[] large = {"--set", "model.layers=14", "--set", "model.width=1024", "--set", "model.heads=16"};
    assertThat(mebibytesOutsideTheHeap(plan(5000, large))).isGreaterThan(6 * 1024);
    Ended plan = plan(5000, large, "--executor-memory", "16g", "--conf", "spark.executor.memoryOverhead=1g", "--conf",
        "spark.memory.offHeap.enabled=true", "--conf", "spark.memory.offHeap.size=16g");
    assertThat(plan.code()).isEqualTo(2);
    assertThat(plan.err().lines()).singleElement().asString()
        .startsWith("kindling: ").contains("not enough memory: spark.executor.memoryOverhead is 1024 MiB; a rank needs",
            "MiB outside the heap (weights", "gradients", "optimizer", "activations")
        .endsWith("set spark.executor.memoryOverhead=" + mebibytesOutsideTheHeap(plan) + "m");
  }

  @Test
  void aHeapThatIsTooSmallIsRefusedToo() throws IOException {
    Ended plan = plan(500, TINY, "--executor-memory", "200m", "--conf", "spark.executor.memoryOverhead=8g");
    assertThat(plan.code()).isEqualTo(2);
    assertThat(plan.err()).contains("spark.executor.memory is 200 MiB; a rank needs",
        "set spark.executor.memory=1024m");
  }

  /** An embedding of more than 2³¹ elements: 9.2 GB in float32, and as much again for each of what training keeps of it. */
  @ParameterizedTest
  @CsvSource({"float32, 300", "bf16, 220"})
  void aTableOfMoreThanTwoToTheThirtyFirstElementsIsCountedAndRefusedHere(String precision, int gibibytes)
      throws IOException {
    String[] huge = {"--set", "model.layers=1", "--set", "model.width=32768", "--set", "model.heads=64", "--set",
        "train.precision=" + precision};
    Ended plan = plan(70_000, huge);
    assertThat(mebibytesOutsideTheHeap(plan)).isGreaterThan(gibibytes * 1024L);
    assertThat(plan.out()).containsPattern("this machine has [\\d.]+ GiB: a rank does not fit here");
    assertThat(plan.code()).isEqualTo(2);
    assertThat(plan.err().lines()).singleElement().asString().startsWith("kindling: ")
        .contains("not enough memory: a rank needs", "weights", "gradients", "this machine has", "--executor-memory");
    Ended elsewhere = plan(70_000, huge, "--executor-memory", "4g", "--conf",
        "spark.executor.memoryOverhead=" + mebibytesOutsideTheHeap(plan) + "m");
    assertThat(elsewhere.code()).as(elsewhere.err()).isZero();
    assertThat(plan(500, TINY).out()).containsPattern("this machine has [\\d.]+ GiB: \\d+ ranks? would fit here");
  }

  @Test
  void aSizeThatIsNoneIsOneClearError() throws IOException {
    Ended plan = plan(500, TINY, "--executor-memory", "much");
    assertThat(plan.code()).isEqualTo(2);
    assertThat(plan.err().lines()).singleElement().asString().contains("spark.executor.memory", "much", "such as 4g");
  }
}
