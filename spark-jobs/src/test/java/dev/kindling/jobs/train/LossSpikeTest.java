package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.data.pack.PackedRow;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.ShardWriter;
import dev.kindling.jobs.track.WatchSettings;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A document unlike all others is named when the model comes to it. */
@Timeout(120)
class LossSpikeTest {
  private static final int ROWS = 40;
  private static final int ODD = 23;
  private static final int BEFORE = 20;                    // rows of a dataset that is told before
  private static final int TIME = 16;
  @TempDir
  Path folder;

  @Test
  void theDocumentsOfAStepWhoseLossStandsOutAreNamed() throws Exception {
    PretrainConfig alone = config(DataSettings.defaults(), dataset("data", ROWS, ODD));
    assertThat(spike(alone, ODD)).startsWith("step ").contains(": the loss stands out: ",
        "row 23 (training.parquet row 23, documents odd, tail of odd)");
  }

  @Test
  void aRowOfAMixtureIsToldByItsDatasetAndItsNumberThere() throws Exception {
    DataSettings mixed = new DataSettings(0, 0, List.of(DataSettings.Other.ofText(dataset("data", ROWS, ODD))), 1);
    PretrainConfig config = config(mixed, dataset("first", BEFORE, -1));
    assertThat(spike(config, BEFORE + ODD)).contains("/data/training.parquet row 23, documents odd, tail of odd)");
  }

  private PretrainConfig config(DataSettings data, String dataset) {
    PretrainConfig base = TinyRuns.reading(TinyRuns.of(dataset, folder.resolve("run"), PrecisionChoice.FLOAT32,
        KernelChoice.PLAIN, 0), 2 * (ROWS + BEFORE), 0, 1);
    return base.withData(data).withSchedule(ScheduleSettings.of(ScheduleSettings.Shape.CONSTANT, 0, 0.1))
        .withWatch(new WatchSettings(8, 10));
  }

  /** @param row the odd one's, in the order of all; @return the line on the step that reads it for the second time */
  private String spike(PretrainConfig config, long row) throws Exception {
    List<String> lines = new ArrayList<>();
    try (SparkSession spark = Sessions.local(1)) {
      PretrainJob.run(spark, config, lines::add);
      long step = PretrainPlan.of(config, new Configuration()).order().place(1, row).step() + 1;
      JsonNode told = new ObjectMapper()
          .readTree(folder.resolve(String.format("run/spikes/step-%08d.json", step)).toFile());
      JsonNode sample = told.at("/virtualRanks/0/samples/0");
      assertThat(sample.path("row").asLong()).isEqualTo(ODD);
      assertThat(sample.path("dataset").asText()).isEqualTo(folder.resolve("data").toString());
      assertThat(sample.path("documents").get(0).asText()).isEqualTo("odd");
      assertThat(spark.sql("SELECT step FROM parquet.`" + folder.resolve("run/steps") + "` WHERE spike")
          .collectAsList().stream().map(each -> each.getLong(0))).contains(step);
      return lines.stream().filter(line -> line.startsWith("step " + step + ": the loss stands out: ")).findFirst()
          .orElseThrow();
    }
  }

  /** Rows that count up, and one of noise. @param noise its number; @return the folder */
  private String dataset(String name, int rows, int noise) throws Exception {
    Path data = Files.createDirectories(folder.resolve(name));
    Path file = data.resolve("training.parquet");
    Random random = new Random(1);
    try (ShardWriter out = ShardWriter.create(new Configuration(), new org.apache.hadoop.fs.Path(file.toString()), 4)) {
      for (int r = 0; r < rows; r++) {
        boolean odd = r == noise;
        int[] tokens = IntStream.range(0, TIME + 1).map(i -> odd ? random.nextInt(50) : i).toArray();
        List<PackedRow.Span> spans = odd
            ? List.of(new PackedRow.Span("odd", 0, 9, 0), new PackedRow.Span("tail of odd", 9, TIME + 1, 0))
            : List.of(new PackedRow.Span("even " + r, 0, TIME + 1, 0));
        out.write(new PackedRow(r, TIME, tokens, spans));
      }
    }
    DatasetInfo.Part training = new DatasetInfo.Part(1, rows * TIME, rows * TIME, rows, rows, 4,
        List.of(new DatasetInfo.Shard("training.parquet", rows, Files.size(file), "none")));
    DatasetInfo.Part none = new DatasetInfo.Part(0, 0, 0, 0, 1, 4, List.of());
    Files.writeString(data.resolve("tokenizer.json"), "{}");
    Files.writeString(data.resolve(DatasetInfo.FILE), new DatasetInfo(DatasetInfo.FORMAT, DatasetInfo.VERSION, name,
        TIME, 50, 0, "none", new DatasetInfo.Inputs(1, 1, "none"), Map.of(), training, none).toJson());
    return data.toString();
  }
}
