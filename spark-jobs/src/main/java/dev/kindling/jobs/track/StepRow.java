package dev.kindling.jobs.track;

import dev.kindling.train.loop.StepFacts;
import dev.kindling.train.profile.Part;
import java.lang.reflect.RecordComponent;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A row of a run's table, one a step. Shares are of the time of all ranks and add up to 1; the time of a step is that since the same
 * moment of the step before, so evaluations and checkpoints fall into the step after them.
 *
 * @param step counted from 1; @param time when it was done
 * @param tokens positions read, over all ranks; @param labels that counted
 * @param loss mean of the labels, in nats; NaN (null in the table): there was none
 * @param validationLoss of a held-out token, in nats; NaN (null): not measured in this step
 * @param learningRate of the optimizer; @param gradientNorm before clipping
 * @param gradientBytes that ranks sent one another, without the weights
 * @param seconds that it took; @param tokensPerSecond without evaluation and checkpoints
 * @param compute share of forward and backward passes; @param data of making batches; @param waiting for other ranks
 * @param network of exchanging sums and weights; @param optimizer of updating and packing weights
 * @param evaluate of measuring held-out rows; @param checkpoint of copying and writing checkpoints; @param other of all else
 * @param ranks that took part; @param slowest the rank that the others waited for
 * @param attempt of the run, counted from 1: a new one begins after every loss and restart
 * @param spike whether the loss stood out
 */
public record StepRow(long step, Instant time, long tokens, long labels, double loss, double validationLoss,
    double learningRate, double gradientNorm, long gradientBytes, double seconds, double tokensPerSecond,
    double compute, double data,
    double waiting, double network, double optimizer, double evaluate, double checkpoint, double other, int ranks,
    int slowest, long attempt, boolean spike) {

  public static StepRow of(StepFacts f, long attempt, boolean spike) {
    return new StepRow(f.step(), Instant.ofEpochMilli(System.currentTimeMillis()), f.tokens(), f.labels(),
        f.labels() > 0 ? f.loss() : Double.NaN, Double.NaN, f.rate(), f.gradientNorm(), f.gradientBytes(), f.seconds(),
        f.tokensPerSecond(), f.share(Part.COMPUTE), f.share(Part.DATA), f.share(Part.WAIT), f.share(Part.NETWORK),
        f.share(Part.OPTIMIZER) + f.share(Part.PACK), f.share(Part.EVALUATE), f.share(Part.SAVE), f.share(Part.OTHER),
        f.ranks(), f.slowest(), attempt, spike);
  }

  StepRow withValidationLoss(double value) {
    return new StepRow(step, time, tokens, labels, loss, value, learningRate, gradientNorm, gradientBytes, seconds,
        tokensPerSecond,
        compute, data, waiting, network, optimizer, evaluate, checkpoint, other, ranks, slowest, attempt, spike);
  }

  /** What TensorBoard and MLflow plot, by tag; a loss that there is none of is left out. */
  Map<String, Double> scalars() {
    Map<String, Double> all = new LinkedHashMap<>();
    if (!Double.isNaN(loss)) all.put("train/loss", loss);
    all.put("train/learning_rate", learningRate);
    all.put("train/gradient_norm", gradientNorm);
    all.put("speed/gradient_bytes", (double) gradientBytes);
    all.put("speed/tokens_per_second", tokensPerSecond);
    all.put("speed/seconds", seconds);
    all.put("time/compute", compute);
    all.put("time/data", data);
    all.put("time/waiting", waiting);
    all.put("time/network", network);
    all.put("time/optimizer", optimizer);
    all.put("time/evaluate", evaluate);
    all.put("time/checkpoint", checkpoint);
    all.put("time/other", other);
    return all;
  }

  /** As text, a word a component, for the way to the driver. */
  public String[] toWords() {
    return Arrays.stream(StepRow.class.getRecordComponents()).map(c -> String.valueOf(read(c))).toArray(String[]::new);
  }

  private Object read(RecordComponent component) {
    try {
      return component.getAccessor().invoke(this);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("reading " + component, e);
    }
  }

  /** @param w what {@link #toWords} made, from {@code at} on */
  static StepRow ofWords(String[] w, int at) {
    int i = at;
    return new StepRow(Long.parseLong(w[i++]), Instant.parse(w[i++]), Long.parseLong(w[i++]), Long.parseLong(w[i++]),
        number(w[i++]), number(w[i++]), number(w[i++]), number(w[i++]), Long.parseLong(w[i++]), number(w[i++]),
        number(w[i++]), number(w[i++]), number(w[i++]), number(w[i++]), number(w[i++]), number(w[i++]), number(w[i++]),
        number(w[i++]), number(w[i++]),
        Integer.parseInt(w[i++]), Integer.parseInt(w[i++]), Long.parseLong(w[i++]), Boolean.parseBoolean(w[i]));
  }

  private static double number(String word) {
    return Double.parseDouble(word);
  }
}
