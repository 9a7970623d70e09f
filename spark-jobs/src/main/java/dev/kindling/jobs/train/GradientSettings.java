package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.collective.Bfloat16Codec;
import dev.kindling.train.collective.EightBitCodec;
import dev.kindling.train.collective.Gradients;
import dev.kindling.train.collective.ThresholdCodec;
import dev.kindling.train.collective.TopKCodec;
import java.io.Serializable;
import java.util.Locale;

/**
 * How ranks exchange gradients. All kinds but EXACT are for networks that are too narrow for it, and make the result depend on the
 * number of ranks.
 *
 * @param kind of the exchange
 * @param threshold with THRESHOLD: what is sent is above this multiple of the mean magnitude
 * @param share with TOP_K: of the gradients that are sent
 * @param rank with POWERSGD: columns of the two matrices that make one of gradients
 * @param localSteps with LOCAL: steps between two meetings
 * @param outerRate with LOCAL: learning rate of the optimizer that moves all ranks at a meeting; @param outerMomentum its momentum
 */
public record GradientSettings(Kind kind, double threshold, double share, int rank, long localSteps,
    double outerRate, double outerMomentum) implements Serializable {
  /** EXACT float32; BFLOAT16; EIGHT_BIT, THRESHOLD, TOP_K and POWERSGD with error feedback; LOCAL steps that meet now and then. */
  public enum Kind {
    EXACT, BFLOAT16, EIGHT_BIT, THRESHOLD, TOP_K, POWERSGD, LOCAL
  }

  public GradientSettings {
    new ThresholdCodec(threshold);
    new TopKCodec(share);
    new Gradients.PowerSgd(rank);
    new Gradients.Local(localSteps, outerRate, outerMomentum);
  }

  public static GradientSettings defaults() {
    return of(Kind.EXACT);
  }

  /** With the defaults of the kind. */
  public static GradientSettings of(Kind kind) {
    return new GradientSettings(kind, 0.4, 0.25, 88, 2, 1.4, 0);
  }

  Gradients exchange() {
    return switch (kind) {
      case EXACT -> new Gradients.Exact();
      case BFLOAT16 -> new Gradients.Coded(new Bfloat16Codec());
      case EIGHT_BIT -> new Gradients.Coded(new EightBitCodec());
      case THRESHOLD -> new Gradients.Coded(new ThresholdCodec(threshold));
      case TOP_K -> new Gradients.Coded(new TopKCodec(share));
      case POWERSGD -> new Gradients.PowerSgd(rank);
      case LOCAL -> new Gradients.Local(localSteps, outerRate, outerMomentum);
    };
  }

  /**
   * @throws dev.kindling.checkpoint.UserError where the number of ranks is left open, averages are kept of weights that differ, or these
   *         are to be evaluated or stored
   */
  void refuseUnlessFit(ClusterSettings cluster, AverageSettings average, TrainSettings train,
      CheckpointSettings checkpoints) {
    require(kind == Kind.EXACT || cluster.ranks() > 0, "cluster.ranks", cluster.ranks(),
        "a number of executors with gradients.kind " + name() + ", because the result depends on it");
    require(kind != Kind.LOCAL || average.decay() == 0, "average.decay", average.decay(),
        "0 with gradients.kind " + name() + ", where every rank has weights of its own");
    requireMeeting("train.evaluateEvery", train.evaluateEvery());
    requireMeeting("checkpoints.every", checkpoints.every());
  }

  /** Between two meetings no rank's weights are those of the run. @param every steps; 0: only at the last, where ranks meet */
  private void requireMeeting(String key, long every) {
    require(kind != Kind.LOCAL || every % localSteps == 0, key, every,
        "a multiple of gradients.localSteps, " + localSteps
            + ", after which the ranks meet, or 0 for the end only");
  }

  /** Where the result depends on the number of ranks, a run that has lost some waits for as many. */
  ClusterSettings keeping(ClusterSettings cluster) {
    return kind == Kind.EXACT ? cluster : cluster.withMinRanks(cluster.ranks());
  }

  String name() {
    return kind == Kind.BFLOAT16 ? "bf16" : kind.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
