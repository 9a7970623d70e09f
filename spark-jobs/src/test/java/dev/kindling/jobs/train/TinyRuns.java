package dev.kindling.jobs.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.OptimizerSettings.Kind;
import dev.kindling.jobs.train.ScheduleSettings.Shape;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Runs that take a second. */
final class TinyRuns {
  private TinyRuns() {
  }

  static PretrainConfig of(String dataset, Path run, PrecisionChoice precision, KernelChoice kernels, int ranks) {
    return of(dataset, run.toString(), precision, kernels, ranks);
  }

  /** @param run a folder on any file system */
  static PretrainConfig of(String dataset, String run, PrecisionChoice precision, KernelChoice kernels, int ranks) {
    return PretrainConfig.of(dataset, run).withModel(new ModelSettings(2, 2, 32, 0, 0))
        .withTrain(new TrainSettings(6, 0, 1, 2, 8, 7, precision, 1, 3, 4, 1, 0))
        .withOptimizer(new OptimizerSettings(Kind.MUON, 5e-3, 3e-3, 0.95, false, 0.9, 0, 0, 0.1,
            List.of(GroupSettings.vectors())))
        .withSchedule(ScheduleSettings.of(Shape.COSINE, 2, 0.1))
        .withCluster(new ClusterSettings(ranks, 45, 0, kernels, "0", 20));
  }

  static PretrainConfig stoppingAfter(PretrainConfig config, long step) {
    TrainSettings t = config.train();
    return config
        .withTrain(new TrainSettings(t.steps(), t.epochs(), t.microBatch(), t.accumulate(), t.virtualRanks(), t.seed(),
            t.precision(), t.clipNorm(), t.evaluateEvery(), t.evaluationRows(), t.logEvery(), step));
  }

  /** A step reads {@code virtualRanks} rows. */
  static PretrainConfig reading(PretrainConfig config, long steps, long epochs, int virtualRanks) {
    TrainSettings t = config.train();
    return config
        .withTrain(new TrainSettings(steps, epochs, 1, 1, virtualRanks, t.seed(), t.precision(), t.clipNorm(), 0,
            t.evaluationRows(), t.logEvery(), 0));
  }

  /** Of the newest checkpoint. */
  static JsonNode configJson(PretrainResult result) throws IOException {
    return new ObjectMapper().readTree(folder(result).resolve("config.json").toFile());
  }

  /** The newest checkpoint. */
  static Path folder(PretrainResult result) {
    return Path.of(result.checkpoint().replaceFirst("^file:", ""));
  }
}
