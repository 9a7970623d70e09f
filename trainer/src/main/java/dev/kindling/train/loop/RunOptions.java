package dev.kindling.train.loop;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.collective.Gradients;
import dev.kindling.train.optim.AveragedWeights;
import dev.kindling.train.optim.ConstantSchedule;
import dev.kindling.train.optim.OptimizerRecipe;
import dev.kindling.train.optim.Schedule;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What one training run is told. The first group fixes the result bit for bit, is stored with the run and may not differ
 * when it is resumed; the second may.
 *
 * @param virtualRanks V: parts of a global batch whose gradients are added in one fixed tree, on however many ranks
 * @param microBatch sequences of one forward and backward pass
 * @param accumulate micro-batches of a virtual rank in a step: a global batch is V · microBatch · accumulate sequences
 * @param seed of everything random in the run
 * @param optimizer with its peak rates
 * @param schedule what the rates are multiplied with
 * @param clipNorm the global norm that gradients are cut back to; 0: never
 * @param gradients how ranks exchange them
 * @param fixed whatever else may not change on resume, by the key that a message names: precision, model, data
 * @param steps after which the run is finished
 * @param stopAfter the step after which this run ends early, with a checkpoint, as a signal would end it; 0: never
 * @param checkpointEvery steps between checkpoints; 0: only at the end
 * @param evaluateEvery steps between evaluations; 0: only at the end
 * @param logEvery steps between progress reports
 */
public record RunOptions(int virtualRanks, int microBatch, int accumulate, long seed, OptimizerRecipe optimizer,
    Schedule schedule, double clipNorm, Gradients gradients, Map<String, String> fixed, long steps, long stopAfter,
    long checkpointEvery,
    long evaluateEvery, long logEvery) {
  public RunOptions {
    require(virtualRanks >= 1, "virtualRanks", virtualRanks, "1 or more");
    require(microBatch >= 1, "microBatch", microBatch, "1 or more sequences");
    require(accumulate >= 1, "accumulate", accumulate, "1 or more micro-batches");
    require(clipNorm >= 0, "clipNorm", clipNorm, "a norm, such as 1.0, or 0 for no clipping");
    require(steps >= 1, "steps", steps, "1 or more");
    require(stopAfter >= 0, "stopAfter", stopAfter, "a step, or 0 for no early end");
    require(checkpointEvery >= 0, "checkpointEvery", checkpointEvery, "a number of steps, or 0 for the end only");
    require(evaluateEvery >= 0, "evaluateEvery", evaluateEvery, "a number of steps, or 0 for the end only");
    require(logEvery >= 1, "logEvery", logEvery, "1 or more steps");
    Objects.requireNonNull(optimizer);
    Objects.requireNonNull(schedule);
    Objects.requireNonNull(gradients);
    require(!gradients.apart() || !(optimizer instanceof AveragedWeights.Recipe), "average", optimizer,
        "none with gradients that are " + gradients + ", where every rank has weights of its own");
    fixed = Map.copyOf(fixed);
  }

  /** Sequences of a step. */
  public long globalBatch() {
    return (long) virtualRanks * microBatch * accumulate;
  }

  /** The settings that may not change on resume, as text, by key. */
  public Map<String, String> identity() {
    Map<String, String> all = new TreeMap<>(fixed);
    all.put("virtualRanks", Integer.toString(virtualRanks));
    all.put("microBatch", Integer.toString(microBatch));
    all.put("accumulate", Integer.toString(accumulate));
    all.put("seed", Long.toString(seed));
    all.put("optimizer", optimizer.toString());
    all.put("schedule", schedule.toString());
    all.put("clipNorm", Double.toString(clipNorm));
    // not told where it is as before there was a choice: such runs go on
    if (!gradients.equals(new Gradients.Exact())) all.put("gradients", gradients.toString());
    if (gradients.apart()) all.put("steps", Long.toString(steps));       // at the last of them the ranks meet
    return all;
  }

  /**
   * Holds a run that goes on to the settings that it was started with.
   *
   * @param then the {@link #identity} that its checkpoint has; @param where the checkpoint is, for the message
   * @throws UserError naming the first setting that differs
   */
  public void refuseUnlessStartedWith(Map<String, String> then, String where) {
    Map<String, String> now = identity();
    // first what others follow from, as an optimizer from the precision
    Set<String> keys = new LinkedHashSet<>(new TreeSet<>(fixed.keySet()));
    keys.addAll(new TreeSet<>(then.keySet()));
    keys.addAll(now.keySet());
    for (String key : keys) {
      String before = then.getOrDefault(key, "not set");
      String after = now.getOrDefault(key, "not set");
      if (!before.equals(after)) {
        Difference found = Difference.of(key, before, after);
        throw new UserError(found.key() + " is " + found.after() + "; the run in " + where + " was started with "
            + found.before() + " and goes on with that only: set it back, or start a new run in another folder");
      }
    }
  }

  /** Starts from the defaults: V = 8, one sequence a micro-batch, no accumulation, a constant rate, clipping at 1. */
  public static Builder of(long steps, OptimizerRecipe optimizer) {
    return new Builder(steps, optimizer);
  }

  /** Sets what differs from the defaults. */
  public static final class Builder {
    private final long steps;
    private final OptimizerRecipe optimizer;
    private int virtualRanks = 8;
    private int microBatch = 1;
    private int accumulate = 1;
    private long seed;
    private Schedule schedule = new ConstantSchedule(0);
    private double clipNorm = 1;
    private Gradients gradients = new Gradients.Exact();
    private Map<String, String> fixed = Map.of();
    private long stopAfter;
    private long checkpointEvery;
    private long evaluateEvery;
    private long logEvery = 10;

    private Builder(long steps, OptimizerRecipe optimizer) {
      this.steps = steps;
      this.optimizer = optimizer;
    }

    /** @see RunOptions#virtualRanks */
    public Builder virtualRanks(int value) {
      virtualRanks = value;
      return this;
    }

    /** @see RunOptions#microBatch */
    public Builder microBatch(int value) {
      microBatch = value;
      return this;
    }

    /** @see RunOptions#accumulate */
    public Builder accumulate(int value) {
      accumulate = value;
      return this;
    }

    /** @see RunOptions#seed */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** @see RunOptions#schedule */
    public Builder schedule(Schedule value) {
      schedule = value;
      return this;
    }

    /** @see RunOptions#clipNorm */
    public Builder clipNorm(double value) {
      clipNorm = value;
      return this;
    }

    /** @see RunOptions#gradients */
    public Builder gradients(Gradients value) {
      gradients = value;
      return this;
    }

    /** @see RunOptions#fixed */
    public Builder fixed(Map<String, String> value) {
      fixed = value;
      return this;
    }

    /** @see RunOptions#stopAfter */
    public Builder stopAfter(long value) {
      stopAfter = value;
      return this;
    }

    /** @see RunOptions#checkpointEvery */
    public Builder checkpointEvery(long value) {
      checkpointEvery = value;
      return this;
    }

    /** @see RunOptions#evaluateEvery */
    public Builder evaluateEvery(long value) {
      evaluateEvery = value;
      return this;
    }

    /** @see RunOptions#logEvery */
    public Builder logEvery(long value) {
      logEvery = value;
      return this;
    }

    public RunOptions build() {
      return new RunOptions(virtualRanks, microBatch, accumulate, seed, optimizer, schedule, clipNorm, gradients,
          fixed, steps,
          stopAfter, checkpointEvery, evaluateEvery, logEvery);
    }
  }
}
