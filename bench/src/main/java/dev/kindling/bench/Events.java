package dev.kindling.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.jobs.command.Kindling;
import dev.kindling.jobs.track.StepRow;
import dev.kindling.jobs.track.StepTable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;

/**
 * {@code bench/run events}: TensorBoard itself reads the event files of a run that lost its newest checkpoint and did some steps again, and
 * must have every step of the run's table once, with the table's values in float32.
 */
public final class Events {
  private static final Map<String, ToDoubleFunction<StepRow>> SCALARS = Map.of("train/loss", StepRow::loss,
      "train/learning_rate", StepRow::learningRate, "train/gradient_norm", StepRow::gradientNorm,
      "validation/loss", StepRow::validationLoss, "time/compute", StepRow::compute);

  private Events() {
  }

  public static void main(String[] args) throws IOException, InterruptedException {
    String only = args.length == 2 && args[0].equals("--only") ? args[1] : "";
    Path folder = Files.createTempDirectory("kindling-events");
    Path run = trained(folder);
    JsonNode theirs = theirs(run.resolve("tensorboard"));
    List<StepRow> rows = new StepTable(new Configuration(), new org.apache.hadoop.fs.Path(run.toUri())).read();
    Results results = new Results("events");
    results.version("tensorboard", theirs.path("version").asText());
    for (var scalar : new TreeMap<>(SCALARS).entrySet()) {
      if (!scalar.getKey().contains(only)) continue;
      Map<Long, Float> ours = new LinkedHashMap<>();
      for (StepRow row : rows) {
        double value = scalar.getValue().applyAsDouble(row);
        if (!Double.isNaN(value)) ours.put(row.step(), (float) value);
      }
      Map<Long, Float> read = new LinkedHashMap<>();
      for (JsonNode point : theirs.path("scalars").path(scalar.getKey())) {
        if (read.put(point.get(0).asLong(), (float) point.get(1).asDouble()) != null) {
          throw new IOException("TensorBoard has step " + point.get(0) + " of " + scalar.getKey() + " twice");
        }
      }
      if (!ours.equals(read)) {
        throw new IOException("TensorBoard has other values of " + scalar.getKey() + ": " + read + ", not " + ours);
      }
      results.more(scalar.getKey() + ", as TensorBoard reads it", ours.size(), read.size(), "equal points");
    }
    results.write();
  }

  /** A run that stops after 12 steps, loses the checkpoint of its end, and goes on from step 10 to 20. */
  private static Path trained(Path folder) throws IOException {
    String corpus = IntStream.range(0, 60)
        .mapToObj(i -> "{\"text\":\"Fellow citizens, year " + i + " was good and year " + (i + 1) + " will be.\"}\n")
        .collect(Collectors.joining());
    Files.writeString(folder.resolve("corpus.jsonl"), corpus);
    verb("prep", "--in", folder + "/corpus.jsonl", "--out", folder + "/data", "--set", "vocabularySize=280", "--set",
        "sequenceLength=16", "--set", "heldOutPercent=20");
    pretrain(folder, 12);
    Files.delete(folder.resolve("run/step-00000012/manifest.json"));
    pretrain(folder, 0);
    return folder.resolve("run");
  }

  private static void pretrain(Path folder, int stopAfter) throws IOException {
    verb("pretrain", "--data", folder + "/data", "--out", folder + "/run", "--set", "train.steps=20", "--set",
        "train.stopAfter=" + stopAfter, "--set", "train.evaluateEvery=3", "--set", "checkpoints.every=5", "--set",
        "model.layers=1", "--set", "model.width=32", "--set", "model.heads=2");
  }

  private static void verb(String... words) throws IOException {
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    if (Kindling.run(out, out, words) != 0) throw new IOException("kindling " + words[0] + " failed");
  }

  private static JsonNode theirs(Path events) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(System.getProperty("bench.python"),
        System.getProperty("bench.home") + "/peers/events.py", events.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) throw new IOException("TensorBoard cannot read " + events + ":\n" + said);
    return new ObjectMapper().readTree(said);
  }
}
