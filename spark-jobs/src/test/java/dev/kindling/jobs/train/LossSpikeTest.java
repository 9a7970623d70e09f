package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.data.pack.PackedRow;
import dev.kindling.data.pack.SampleOrder;
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
  private static final int TIME = 16;
  @TempDir
  Path folder;

  @Test
  void theDocumentsOfAStepWhoseLossStandsOutAreNamed() throws Exception {
    PretrainConfig base = TinyRuns.reading(TinyRuns.of(dataset(), folder.resolve("run"), PrecisionChoice.FLOAT32,
        KernelChoice.PLAIN, 0), 2 * ROWS, 0, 1);
    PretrainConfig config = base.withSchedule(ScheduleSettings.of(ScheduleSettings.Shape.CONSTANT, 0, 0.1))
        .withWatch(new WatchSettings(8, 10));
    List<String> lines = new ArrayList<>();
    try (SparkSession spark = Sessions.local(1)) {
      PretrainJob.run(spark, config, lines::add);
      SampleOrder order = new SampleOrder(ROWS, config.train().seed(), 1, 1);
      long step = ROWS + 1;
      while (order.row(step - 1, 0, 0) != ODD) step++;
      String first = "step " + step + ": the loss stands out: ";
      assertThat(lines).anyMatch(line -> line.startsWith(first)
          && line.contains("row 23 (training.parquet row 23, documents odd, tail of odd)"));
      JsonNode told = new ObjectMapper()
          .readTree(folder.resolve(String.format("run/spikes/step-%08d.json", step)).toFile());
      JsonNode sample = told.at("/virtualRanks/0/samples/0");
      assertThat(sample.path("row").asLong()).isEqualTo(ODD);
      assertThat(sample.path("documents").get(0).asText()).isEqualTo("odd");
      assertThat(spark.sql("SELECT step FROM parquet.`" + folder.resolve("run/steps") + "` WHERE spike")
          .collectAsList().stream().map(row -> row.getLong(0))).contains(step);
    }
  }

  /** Rows that count up, and one of noise. */
  private String dataset() throws Exception {
    Path data = Files.createDirectories(folder.resolve("data"));
    Path file = data.resolve("training.parquet");
    Random random = new Random(1);
    try (ShardWriter out = ShardWriter.create(new Configuration(), new org.apache.hadoop.fs.Path(file.toString()), 4)) {
      for (int r = 0; r < ROWS; r++) {
        boolean odd = r == ODD;
        int[] tokens = IntStream.range(0, TIME + 1).map(i -> odd ? random.nextInt(50) : i).toArray();
        List<PackedRow.Span> spans = odd
            ? List.of(new PackedRow.Span("odd", 0, 9, 0), new PackedRow.Span("tail of odd", 9, TIME + 1, 0))
            : List.of(new PackedRow.Span("even " + r, 0, TIME + 1, 0));
        out.write(new PackedRow(r, TIME, tokens, spans));
      }
    }
    DatasetInfo.Part training = new DatasetInfo.Part(1, ROWS * TIME, ROWS * TIME, ROWS, ROWS, 4,
        List.of(new DatasetInfo.Shard("training.parquet", ROWS, Files.size(file), "none")));
    DatasetInfo.Part none = new DatasetInfo.Part(0, 0, 0, 0, 1, 4, List.of());
    Files.writeString(data.resolve("tokenizer.json"), "{}");
    Files.writeString(data.resolve(DatasetInfo.FILE), new DatasetInfo(DatasetInfo.FORMAT, DatasetInfo.VERSION, "odd",
        TIME, 50, 0, "none", new DatasetInfo.Inputs(1, 1, "none"), Map.of(), training, none).toJson());
    return data.toString();
  }
}
