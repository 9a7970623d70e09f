package dev.kindling.train.loop;

import dev.kindling.train.profile.Part;
import java.util.Comparator;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * What is known of one step on every rank. Its time is that from the same moment of the step before, when all ranks tell each other
 * their losses: the update, evaluation and checkpoint that followed that step are in it, and no moment of a run is lost.
 *
 * @param step counted from 1
 * @param tokens positions read, over all ranks; @param labels that counted
 * @param loss mean of the labels, in nats; 0 when there was none
 * @param rate the optimizer's learning rate
 * @param gradientNorm of the mean gradient, before clipping; the mean of the ranks' own where they learn apart
 * @param gradientBytes that all ranks sent for it, the exchange of weights not counted
 * @param lossesByVirtualRank summed over its labels, [V]
 * @param nanosByRank by {@link Part}, [ranks][parts]
 */
public record StepFacts(long step, long tokens, long labels, double loss, double rate, double gradientNorm,
    long gradientBytes, double[] lossesByVirtualRank, List<long[]> nanosByRank) {
  /** Whether losses and gradients are numbers that a weight can be learned from. */
  boolean isFinite() {
    return Double.isFinite(gradientNorm) && DoubleStream.of(lossesByVirtualRank).allMatch(Double::isFinite);
  }

  /** How many ranks took part. */
  public int ranks() {
    return nanosByRank.size();
  }

  /** Seconds that the step took, the mean of the ranks. */
  public double seconds() {
    return nanosByRank.stream().mapToLong(StepFacts::sum).average().orElse(0) / 1e9;
  }

  /** Tokens a second over all ranks, evaluation and checkpoints left out. */
  public double tokensPerSecond() {
    double seconds = seconds() * (1 - share(Part.EVALUATE) - share(Part.SAVE));
    return seconds > 0 ? tokens / seconds : 0;
  }

  /**
   * The part's share of the time of all ranks, 0 to 1. The rank that all others wait for is blocked the shortest in an exchange: what
   * another is blocked longer counts as {@link Part#WAIT}, the rest as {@link Part#NETWORK}.
   */
  public double share(Part part) {
    double all = nanosByRank.stream().mapToLong(StepFacts::sum).sum();
    return all == 0 ? 0 : IntStream.range(0, ranks()).mapToDouble(rank -> nanos(rank, part)).sum() / all;
  }

  /** The part's share of one rank's time, as {@link #share(Part)} counts it. */
  public double share(Part part, int rank) {
    double all = sum(nanosByRank.get(rank));
    return all == 0 ? 0 : nanos(rank, part) / all;
  }

  /** Nanoseconds of one rank, as {@link #share(Part)} counts them. */
  public long nanos(int rank, Part part) {
    long[] mine = nanosByRank.get(rank);
    long network = nanosByRank.stream().mapToLong(each -> each[Part.NETWORK.ordinal()]).min().orElse(0);
    return switch (part) {
      case NETWORK -> network;
      case WAIT -> mine[Part.WAIT.ordinal()] + mine[Part.NETWORK.ordinal()] - network;
      default -> mine[part.ordinal()];
    };
  }

  /** The rank that the others wait for. */
  public int slowest() {
    return IntStream.range(0, ranks()).boxed().min(Comparator.comparingLong(rank -> nanos(rank, Part.WAIT))).orElse(0);
  }

  private static long sum(long[] nanos) {
    long sum = 0;
    for (long each : nanos) sum += each;
    return sum;
  }
}
