package dev.kindling.jobs.track;

import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * Finds steps whose loss stands out from those before: it is more than {@code deviations} robust standard deviations above their median.
 * The deviation is the median absolute deviation times 1.4826 (Hampel 1974), which a spike itself hardly moves, and at least a
 * hundredth of the median, as a loss that hardly moves has none.
 */
public final class LossSpikes {
  private static final double OF_NORMAL = 1.4826;
  private static final double LEAST = 0.01;      // of the median
  private static final int ENOUGH = 16;          // steps, before anything can stand out
  private final WatchSettings settings;
  private final ArrayDeque<Double> window = new ArrayDeque<>();

  public LossSpikes(WatchSettings settings) {
    this.settings = settings;
  }

  /** A step that stands out. @param deviations above the median, in robust standard deviations */
  public record Spike(double loss, double median, double deviations) {}

  /** @param loss of the next step; @return null: it does not stand out */
  public Spike next(double loss) {
    if (settings.spikeWindow() == 0) return null;
    Spike found = window.size() < Math.min(ENOUGH, settings.spikeWindow()) ? null : judged(loss);
    window.add(loss);
    if (window.size() > settings.spikeWindow()) window.remove();
    return found;
  }

  private Spike judged(double loss) {
    double[] before = window.stream().mapToDouble(Double::doubleValue).toArray();
    double median = median(before);
    double[] off = Arrays.stream(before).map(x -> Math.abs(x - median)).toArray();
    double deviation = Math.max(OF_NORMAL * median(off), LEAST * Math.abs(median));
    double above = deviation == 0 ? 0 : (loss - median) / deviation;
    return above > settings.spikeDeviations() ? new Spike(loss, median, above) : null;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }
}
