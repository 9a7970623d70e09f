package dev.kindling.data.job;

import dev.kindling.data.SparkInTests;
import dev.kindling.data.corpus.CorpusSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Runs of prep on small inputs. @param folder of the inputs and outputs */
record PrepRuns(Path folder) {
  PrepResult run(String output, double maxRejectedPercent, List<PrepStage> stages, Consumer<String> progress,
      CorpusSource... inputs) {
    return PrepJob.run(SparkInTests.session(), new PrepOptions(Arrays.asList(inputs), maxRejectedPercent, stages,
        folder.resolve(output).toString(), Optional.empty(), 264, 16, stages.isEmpty() && inputs.length > 1 ? 20 : 0,
        1),
        progress);
  }

  static Dataset<Row> table(PrepResult result, String name) {
    return SparkInTests.session().read().parquet(result.folder() + "/" + name);
  }

  /** So many documents as lines of JSON, and what comes behind them. */
  Path write(String name, int documents, String... more) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < documents; i++)
      lines.append("{\"id\":\"d" + i + "\",\"text\":\"" + "the state of the union is strong ".repeat(i % 3 + 1) + i
          + "\"}\n");
    for (String line : more) lines.append(line).append('\n');
    return Files.writeString(file, lines);
  }
}
