package dev.kindling.train.loop;

import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.DoubleFunction;

/**
 * Tells a run's progress in lines of text, one a report.
 *
 * @param heldOut what is said of a mean loss on held-out rows
 */
public record ProgressLine(Consumer<String> out, DoubleFunction<String> heldOut) implements TrainingListener {
  /** Of a model that says tokens. */
  public ProgressLine(Consumer<String> out) {
    this(out, loss -> String.format(Locale.ROOT, "loss %.4f, perplexity %.2f", loss, Math.exp(loss)));
  }

  @Override
  public void started(long firstStep, long steps, int worldSize) {
    if (firstStep > steps) out.accept("resumed: all " + steps + " steps are done; measures what was given up");
    else if (firstStep > 1) out.accept("resumed: goes on with step " + firstStep + " of " + steps);
  }

  @Override
  public void progressed(Progress p) {
    out.accept(of(p));
  }

  @Override
  public void evaluating(long step, long done, long all) {
    out.accept("step " + step + ": measured on " + Math.min(done, all) + " of " + all + " held-out rows of this rank");
  }

  @Override
  public void evaluated(long step, double meanLoss) {
    out.accept("step " + step + ": held-out " + heldOut.apply(meanLoss));
  }

  @Override
  public void checkpointed(long step, String where) {
    out.accept("step " + step + ": saved " + where);
  }

  @Override
  public void resumedOnOtherKernels(String then, String now) {
    out.accept("the checkpoint was written on " + then + "; this is " + now + ": bits may differ from here on");
  }

  /** One line: step, loss, rate, gradient norm, tokens a second, time left, memory outside the heap, gradients sent. */
  public static String of(Progress p) {
    int width = Long.toString(p.steps()).length();
    String loss = p.labels() > 0 ? String.format(Locale.ROOT, "%.4f", p.loss()) : "none (no label counts)";
    return String.format(Locale.ROOT,
        "step %" + width + "d/%d  loss %s  rate %.2e  norm %.3f  %,.0f tokens/s  %s%s off-heap%s",
        p.step(), p.steps(), loss, p.rate(), p.gradientNorm(), p.tokensPerSecond(),
        Double.isNaN(p.secondsLeft()) ? "" : duration(p.secondsLeft()) + " left  ",
        size(p.offHeap()), p.gradientBytes() == 0
            ? ""
            : String.format(Locale.ROOT, "  %.3g MB of gradients sent", p.gradientBytes() / 1e6));
  }

  private static String size(long bytes) {
    double mebibytes = bytes / (1024.0 * 1024);
    return mebibytes < 1024
        ? String.format(Locale.ROOT, "%.0f MiB", mebibytes)
        : String.format(Locale.ROOT, "%.1f GiB", mebibytes / 1024);
  }

  private static String duration(double seconds) {
    long s = Math.round(seconds);
    if (s < 60) return s + " s";
    if (s < 3600) return String.format(Locale.ROOT, "%d:%02d min", s / 60, s % 60);
    return String.format(Locale.ROOT, "%d:%02d h", s / 3600, s / 60 % 60);
  }
}
