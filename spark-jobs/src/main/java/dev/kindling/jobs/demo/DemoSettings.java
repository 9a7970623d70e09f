package dev.kindling.jobs.demo;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.jobs.train.CheckpointSettings;
import dev.kindling.jobs.train.ClusterSettings;
import dev.kindling.jobs.train.ModelSettings;
import dev.kindling.jobs.train.OptimizerSettings;
import dev.kindling.jobs.train.PretrainConfig;
import dev.kindling.jobs.train.ProfileSettings;
import dev.kindling.jobs.train.ScheduleSettings;
import dev.kindling.jobs.train.TrainSettings;
import dev.kindling.train.generate.Sampler;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** All settings of the demo: {@code demo.yaml} beside this class says each, with the reason for its value. */
public record DemoSettings(Data data, ModelSettings model, TrainSettings train, OptimizerSettings optimizer,
    ScheduleSettings schedule, CheckpointSettings checkpoints, ClusterSettings cluster, Samples samples,
    ProfileSettings profile) {
  public static final String FILE = "demo.yaml";

  public DemoSettings {
    require(train.stopAfter() == 0, "train.stopAfter", train.stopAfter(),
        "0 in a demo, which goes on to measure and export what it has trained; pretrain can stop early");
  }

  /** How the corpus becomes rows; see {@link dev.kindling.data.job.PrepOptions}. */
  public record Data(int vocabularySize, int sequenceLength, double heldOutPercent, long seed) {
    public Data {
      require(heldOutPercent > 0 && heldOutPercent <= 50, "data.heldOutPercent", heldOutPercent,
          "above 0, to have something to measure on, and at most 50");
    }
  }

  /** What the trained model is asked to write, as {@link Sampler} draws it. @param tokens after each prompt */
  public record Samples(List<String> prompts, int tokens, double temperature, double topP, long seed) {
    public Samples {
      require(!prompts.isEmpty(), "samples.prompts", prompts, "one or more");
      require(tokens >= 1, "samples.tokens", tokens, "1 or more");
      require(temperature >= 0, "samples.temperature", temperature, "0 or more");
      require(topP > 0 && topP <= 1, "samples.topP", topP, "above 0 and at most 1");
    }

    /** @param more added to the seed */
    Sampler sampler(long more) {
      return new Sampler(temperature, 0, topP, seed + more);
    }
  }

  /** The packaged {@code demo.yaml}. */
  public static String packaged() {
    try (InputStream in = DemoSettings.class.getResourceAsStream(FILE)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Of all that the training's result depends on or tells of: settings and data, and who computed it, where.
   *
   * @param dataset its fingerprint; @param version Kindling's; @param master Spark's
   */
  String trainingFingerprint(String dataset, String version, String master) {
    return Stages.fingerprint(dataset, model.toString(), train.toString(), optimizer.toString(), schedule.toString(),
        version, master, cluster.kernels().name(), Integer.toString(cluster.ranks()));
  }

  /** A run that is cut short with {@code train.steps} warms up for a tenth of it at most. */
  PretrainConfig pretraining(String dataset, String run) {
    long warmup = Math.min(schedule.warmupSteps(), train.steps() / 10);
    return PretrainConfig.of(dataset, run).withModel(model).withTrain(train).withOptimizer(optimizer)
        .withSchedule(schedule.withWarmupSteps(warmup)).withCheckpoints(checkpoints).withCluster(cluster)
        .withProfile(profile);
  }
}
