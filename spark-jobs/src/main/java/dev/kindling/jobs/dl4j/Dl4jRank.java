package dev.kindling.jobs.dl4j;

import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.Retention;
import dev.kindling.jobs.model.NativeCache;
import dev.kindling.jobs.train.Rank;
import dev.kindling.jobs.train.RunEnding;
import dev.kindling.train.collective.Communicator;
import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.collective.PairwiseSum;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.collective.SubtreeSums;
import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.loop.LossPoint;
import dev.kindling.train.loop.StopRequest;
import dev.kindling.train.loop.TrainerState;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.hadoop.fs.Path;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.StepFunction;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.optimize.stepfunctions.NegativeGradientStepFunction;
import org.deeplearning4j.optimize.stepfunctions.StepFunctions;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A rank's whole run with a network of DL4J's. A step:
 *
 * <pre>
 *   G = Σ over virtual ranks Σ over examples  ∂ score / ∂ parameters     one fixed tree of sums
 *   parameters = updater(parameters, G, n)                               n examples in all; every rank the same
 * </pre>
 *
 * The updater is DL4J's own and divides by n. It runs on every rank, its state is not sharded: its blocks, the
 * gradient normalization of whole layers and the constraints cannot be cut where shards would be, and its file holds the whole state.
 */
final class Dl4jRank implements AutoCloseable {
  /** What the driver sends. @param checkpoint to begin from; @param listeners that rank 0 tells */
  record Task(Dl4jSettings settings, ExampleSource source, String checkpoint, ArrayList<TrainingListener> listeners)
      implements
        Serializable {}

  /** How the rank ended. */
  record Ending(long step, boolean finished, long examples, double seconds) implements RunEnding {}

  private static final double NANOS = 1e9;
  private final Dl4jSettings settings;
  private final ExampleSource source;
  private final List<TrainingListener> listeners;
  private final Rank rank;
  private final Communicator communicator;
  private final NetworkCheckpoints checkpoints;
  private final Checkpoint begun;
  private final Dl4jModel network;
  private final Model model;
  private final VirtualRankTree.Node range;
  private final Shards shards;
  private final Kernels kernels;
  private final SubtreeSums sums;
  private final Replicas replicas;
  private final List<LossPoint> history = new ArrayList<>();
  private long samples;
  private final AtomicReference<StopRequest> stopRequest = new AtomicReference<>(StopRequest.NONE);

  private Dl4jRank(Task task, Rank rank) throws IOException {
    this.settings = task.settings();
    this.source = task.source();
    this.listeners = rank.rank() == 0 ? task.listeners() : List.of();
    this.rank = rank;
    this.communicator = rank.communicator();
    this.checkpoints = new NetworkCheckpoints(rank.conf(), new Path(settings.run()));
    this.begun = Checkpoint.read(rank.conf(), new Path(task.checkpoint()));          // the driver has verified it
    this.network = Dl4jModel.of(checkpoints.load(begun));
    this.model = network.model();
    VirtualRankTree tree = new VirtualRankTree(settings.virtualRanks());
    this.range = tree.range(rank.rank(), rank.worldSize());
    long size = model.params().length();
    this.shards = shards(size, rank.worldSize());
    this.kernels = KernelLibraries.plain(rank.threads());
    this.sums = new SubtreeSums(kernels, size, tree, range);
    this.replicas = new Replicas(network, rank.threads(), range, settings.seed());
    source.open(rank.conf());
    rank.driver().onOrder(stop -> stopRequest.accumulateAndGet(stop, StopRequest::or));
  }

  static Ending run(Task task, Rank rank) throws IOException {
    NativeCache.loading(Nd4j::getBackend);
    try (SingleThreadedMath math = new SingleThreadedMath(); Dl4jRank running = new Dl4jRank(task, rank)) {
      return running.train(TrainerState.fromJson(running.begun.state(), task.checkpoint()));
    } catch (RuntimeException | Error e) {
      rank.communicator().abort(String.valueOf(e.getMessage()));       // the others must not wait for this rank
      throw e;
    }
  }

  private static Shards shards(long size, int worldSize) {
    long[] borders = new long[worldSize + 1];
    for (int i = 0; i <= worldSize; i++) borders[i] = size * i / worldSize;
    return new Shards(borders);
  }

  private Ending train(TrainerState begun) throws IOException {
    history.addAll(begun.history());
    samples = begun.samples();
    long before = samples;
    long step = begun.step();
    if (step > 0) say("resumed: goes on with step " + (step + 1) + " of " + settings.steps());
    listeners.forEach(l -> l.onEpochStart(model));
    long start = System.nanoTime();
    boolean stop = false;
    while (step < settings.steps() && !stop) {
      step++;
      StopRequest asked = step(step, (System.nanoTime() - start) / NANOS, samples - before);
      long every = settings.checkpoints().every();
      boolean saves = every > 0 && step % every == 0;
      stop = asked == StopRequest.NOW || asked == StopRequest.AT_CHECKPOINT && saves || step == settings.stopAfter();
      if (step == settings.steps() || stop || saves) save(step);
    }
    return new Ending(step, step == settings.steps(), samples - before, (System.nanoTime() - start) / NANOS);
  }

  /** One update; or one for each segment of the step's time series. @return what any rank asked for: alike on all */
  private StopRequest step(long step, double seconds, long examplesSoFar) {
    Replicas.Running running = replicas.step(step, source);
    Dl4jReport all;
    int segment = 0;
    do {
      running.begin(segment, network.iteration(), network.epoch());
      all = updated(step, running);
      segment++;
    } while (segment < all.segments());
    samples += all.examples();
    countEpochs(step);
    report(step, model.score(), (examplesSoFar + all.examples()) / Math.max(1e-9, seconds));
    return all.stop();
  }

  private Dl4jReport updated(long step, Replicas.Running running) {
    double[] scores = new double[range.to() - range.from()];
    List<Replica.Counted> counted = new ArrayList<>();
    List<Contribution> mine = sums.sum((virtualRank, into, complete) -> {
      Replica.Counted one = running.take(virtualRank, into);
      scores[virtualRank - range.from()] = one.score();
      counted.add(one);
    });
    Tensor gradients = mine.get(0).sum();
    communicator.allReduce(mine, shards, gradients);
    long examples = counted.stream().mapToLong(Replica.Counted::examples).sum();
    int segments = counted.stream().mapToInt(Replica.Counted::segments).max().orElse(1);
    Dl4jReport all = Dl4jReport
        .join(communicator.allGather(new Dl4jReport(examples, segments, scores, stopRequest.get()).toBytes()));
    double score = PairwiseSum.of(all.scores()) / (network.isMean() ? all.examples() : 1) + network.regularization();
    refuseInfinite(step, all.scores());
    replicas.onFirst(() -> {
      update(gradients, all.examples(), score);
      return null;
    });
    sums.release(mine);
    return all;
  }

  /** What DL4J's own solver does once it has gradients. */
  private void update(Tensor sum, long examples, double score) {
    Replica first = replicas.first();
    Raw.copy(sum.address(), first.gradients().address(), sum.bytes());
    first.divideStatistics(examples);
    network.setScore(score);
    listeners.forEach(l -> l.onGradientCalculation(model));
    network.updater().update(model.gradient(), network.iteration(), network.epoch(), Math.toIntExact(examples),
        LayerWorkspaceMgr.noWorkspaces());
    StepFunction configured = StepFunctions.createStepFunction(model.conf().getStepFunction());
    (configured == null ? new NegativeGradientStepFunction() : configured).step(model.params(),
        network.gradients().reshape(model.params().length()));
    listeners.forEach(l -> l.iterationDone(model, network.iteration(), network.epoch()));
    network.setCounts(network.iteration() + 1, network.epoch());
    model.applyConstraints(network.iteration(), network.epoch());
  }

  private void countEpochs(long step) {
    for (long pass = source.passes(step - 1); pass < source.passes(step); pass++) {
      listeners.forEach(l -> l.onEpochEnd(model));
      network.setCounts(network.iteration(), network.epoch() + 1);
      if (step < settings.steps()) listeners.forEach(l -> l.onEpochStart(model));
    }
  }

  private void refuseInfinite(long step, double[] scores) {
    for (int v = 0; v < scores.length; v++) {
      if (Double.isFinite(scores[v])) continue;
      throw new UserError("the score is " + scores[v] + " in step " + step + " (virtual rank " + v
          + "); parameters are still those of the step before; lower the learning rate");
    }
  }

  private void report(long step, double score, double rate) {
    boolean logged = step == 1 || step == settings.steps() || step % settings.logEvery() == 0;
    if (!logged) return;
    history.add(new LossPoint(LossPoint.TRAIN, step, score));
    say(String.format(Locale.ROOT, "step %d/%d  score %.4f  %,.0f examples/s", step, settings.steps(), score, rate));
  }

  private void save(long step) throws IOException {
    refuseDifferentRanks(step);
    if (rank.rank() == 0) {
      TrainerState state = new TrainerState(step, step, samples, rank.worldSize(), "ND4J", identity(settings), history);
      Retention keep = new Retention(settings.checkpoints().keepLast(), settings.checkpoints().keepEvery(),
          settings.checkpoints().keepBest());
      say("step " + step + ": saved " + checkpoints.save(model, state, rank.epoch(), keep).path());
    }
    communicator.barrier();                      // whole for every rank that goes on
  }

  /** Every rank updates for itself: other parameters on one of them would be an error that grows in silence. */
  private void refuseDifferentRanks(long step) {
    byte[] mine = NetworkCheckpoints.sha256(model.params()).getBytes(StandardCharsets.UTF_8);
    List<String> all = communicator.allGather(mine).stream().map(b -> new String(b, StandardCharsets.UTF_8)).toList();
    int other = 0;
    while (other < all.size() && all.get(other).equals(all.get(0))) other++;
    if (other == all.size()) return;
    throw new IllegalStateException(
        "after step " + step + " rank " + other + " has other parameters than rank 0: their "
            + "processors or natives compute differently; let executors be alike");
  }

  static Map<String, String> identity(Dl4jSettings settings) {
    return Map.of("virtualRanks", Integer.toString(settings.virtualRanks()), "seed", Long.toString(settings.seed()));
  }

  private void say(String line) {
    if (rank.rank() == 0) rank.driver().say(line);
  }

  @Override
  public void close() {
    replicas.close();
    sums.close();
    kernels.close();
  }
}
