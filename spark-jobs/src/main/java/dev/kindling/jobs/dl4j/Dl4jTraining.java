package dev.kindling.jobs.dl4j;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.checkpoint.commit.Retention;
import dev.kindling.jobs.train.Attempts;
import dev.kindling.jobs.train.CheckpointSettings;
import dev.kindling.jobs.train.ClusterSettings;
import dev.kindling.jobs.train.RankStage;
import dev.kindling.jobs.train.RunFolder;
import dev.kindling.train.loop.TrainerState;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Trains a network of DL4J's on all executors, with exact synchronous gradients and the network's own updater:
 *
 * <pre>{@code
 * MultiLayerNetwork trained = Dl4jTraining.of(sc, network, "hdfs:///runs/lstm").epochs(3).fit(dataSets);
 * }</pre>
 *
 * A step learns from {@code virtualRanks} data sets, as one process does that fits all of them as one batch; the parameters are
 * the same, bit for bit, on any number of executors. What is in the run's folder is gone on with.
 *
 * @param <N> MultiLayerNetwork or ComputationGraph
 */
public final class Dl4jTraining<N extends Model> {
  private final JavaSparkContext spark;
  private final Configuration hadoop;
  private final N network;
  private final String run;
  private final List<TrainingListener> listeners;
  private long epochs = 1;
  private int virtualRanks = 8;
  private long seed;
  private long stopAfter;
  private long logEvery = 10;
  private CheckpointSettings checkpoints = CheckpointSettings.defaults();
  private ClusterSettings cluster = ClusterSettings.defaults();
  private Consumer<String> progress = System.out::println;

  private Dl4jTraining(JavaSparkContext spark, N network, String run, Iterable<TrainingListener> listeners) {
    this.spark = spark;
    this.hadoop = spark.sc().hadoopConfiguration();
    this.network = network;
    this.run = Storage.absolute(hadoop, run);
    this.listeners = new ArrayList<>();
    listeners.forEach(this.listeners::add);
    refuseMistakes();
  }

  /** @param network initialized; its listeners are told on the first executor; @param run folder for checkpoints, on any Hadoop file system */
  public static Dl4jTraining<MultiLayerNetwork> of(JavaSparkContext spark, MultiLayerNetwork network, String run) {
    return new Dl4jTraining<>(spark, network, run, network.getListeners());
  }

  /** @param network initialized; its listeners are told on the first executor; @param run folder for checkpoints, on any Hadoop file system */
  public static Dl4jTraining<ComputationGraph> of(JavaSparkContext spark, ComputationGraph network, String run) {
    return new Dl4jTraining<>(spark, network, run, network.getListeners());
  }

  /** Passes over the data sets; 1 by default. */
  public Dl4jTraining<N> epochs(long value) {
    epochs = value;
    return this;
  }

  /** Data sets of a step, and the most executors that can share it; 8 by default, fixed for a run. */
  public Dl4jTraining<N> virtualRanks(int value) {
    virtualRanks = value;
    return this;
  }

  /** Of the data's order, and of dropout and weight noise. */
  public Dl4jTraining<N> seed(long value) {
    seed = value;
    return this;
  }

  /** When checkpoints are written, and which stay. */
  public Dl4jTraining<N> checkpoints(CheckpointSettings value) {
    checkpoints = value;
    return this;
  }

  /** Which executors take part, and how long a lost one is waited for. */
  public Dl4jTraining<N> cluster(ClusterSettings value) {
    cluster = value;
    return this;
  }

  /** Ends early after a step, with a checkpoint; the next call goes on. */
  public Dl4jTraining<N> stopAfter(long step) {
    stopAfter = step;
    return this;
  }

  /** Steps between two lines of progress. */
  public Dl4jTraining<N> logEvery(long steps) {
    logEvery = steps;
    return this;
  }

  /** Who is given a line of progress at a time; standard output by default. */
  public Dl4jTraining<N> telling(Consumer<String> who) {
    progress = who;
    return this;
  }

  /**
   * Trains on an RDD. Its data sets are written to the run's folder first, once: a run that goes on reads those.
   *
   * @return the same network, trained; @throws UserError where network, data, folder or cluster do not fit
   */
  public N fit(JavaRDD<DataSet> dataSets) {
    return fitMultiDataSet(dataSets.map(DataSet::toMultiDataSet));
  }

  /** The same for networks of several inputs or outputs. */
  public N fitMultiDataSet(JavaRDD<MultiDataSet> dataSets) {
    try {
      new RunFolder(hadoop, new Path(run)).refuseForeign();
      String folder = run + "/" + RunFolder.EXAMPLES;
      if (!ExportedExamples.exists(hadoop, folder)) ExportedExamples.write(dataSets, hadoop, folder);
      else progress.accept("reads the examples that are in " + folder);
      ExportedExamples examples = new ExportedExamples(folder, seed, virtualRanks);
      examples.open(hadoop);
      UserError.require(epochs >= 1, "epochs", epochs, "1 or more");
      UserError.require(examples.steps(epochs) >= 1, "virtualRanks", virtualRanks,
          "at most the number of DataSets, " + examples.count() + ", times epochs: a step takes one for each");
      return fit(examples, examples.steps(epochs));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Trains on whatever the source gives. @param steps of the whole run */
  public N fit(ExampleSource source, long steps) {
    Dl4jSettings settings = new Dl4jSettings(run, steps, virtualRanks, seed, stopAfter, logEvery, checkpoints, cluster);
    try {
      new RunFolder(hadoop, new Path(run)).refuseForeign();
      NetworkCheckpoints saved = new NetworkCheckpoints(hadoop, new Path(run));
      CheckpointStore store = new CheckpointStore(hadoop, new Path(run));
      Optional<Checkpoint> newest = store.newestWhole();
      if (newest.isPresent()) refuseOtherRun(saved, newest.get(), settings);
      if (newest.isPresent() && newest.get().step() >= steps) {
        progress.accept("already complete: step " + newest.get().step() + " of " + steps + " is in " + run);
      } else {
        runUntilDone(settings, source, saved, store);
      }
      takeOver(saved.load(store.newestWhole().orElseThrow()));
      return network;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void refuseMistakes() {
    String name = network.getClass().getSimpleName();
    if (network.params() == null || network.numParams() == 0) {
      throw new UserError("the " + name + " has no parameters; call init() first");
    }
    UserError.require(network.params().dataType() == DataType.FLOAT, "the " + name + "'s data type",
        network.params().dataType(), "FLOAT: gradients are exchanged as such");
    UserError.require(network.conf().getOptimizationAlgo() == OptimizationAlgorithm.STOCHASTIC_GRADIENT_DESCENT,
        "optimizationAlgo", network.conf().getOptimizationAlgo(), "STOCHASTIC_GRADIENT_DESCENT, with any updater");
    for (TrainingListener listener : listeners) {
      UserError.require(listener instanceof Serializable, "a listener", listener.getClass().getName(),
          "Serializable: it is told on an executor");
    }
  }

  private void refuseOtherRun(NetworkCheckpoints saved, Checkpoint newest, Dl4jSettings settings) throws IOException {
    NetworkCheckpoints.refuseUnlessSame(Dl4jModel.of(saved.load(newest)), Dl4jModel.of(network), newest.path());
    TrainerState then = TrainerState.fromJson(newest.state(), newest.path().toString());
    Dl4jRank.identity(settings).forEach((key, now) -> {
      if (now.equals(then.identity().get(key))) return;
      throw new UserError(key + " is " + now + "; the run in " + run + " was started with " + then.identity().get(key)
          + " and goes on with that only: set it back, or start a new run in another folder");
    });
  }

  private void runUntilDone(Dl4jSettings settings, ExampleSource source, NetworkCheckpoints saved,
      CheckpointStore store) throws IOException {
    Dl4jRank.Ending ending = new Attempts<>(spark.sc(), new Run(settings, source, saved, store), progress).untilDone()
        .endings().get(0);
    progress.accept(String.format(Locale.ROOT, "done: step %d of %d, %,d examples in %.1f s", ending.step(),
        settings.steps(), ending.examples(), ending.seconds()));
  }

  private final class Run implements Attempts.Run<Dl4jRank.Ending> {
    private final Dl4jSettings settings;
    private final ExampleSource source;
    private final NetworkCheckpoints saved;
    private final CheckpointStore store;

    Run(Dl4jSettings settings, ExampleSource source, NetworkCheckpoints saved, CheckpointStore store) {
      this.settings = settings;
      this.source = source;
      this.saved = saved;
      this.store = store;
    }

    @Override
    public String folder() {
      return settings.run();
    }

    @Override
    public ClusterSettings cluster() {
      return settings.cluster();
    }

    @Override
    public int virtualRanks() {
      return settings.virtualRanks();
    }

    @Override
    public long stopAfter() {
      return settings.stopAfter();
    }

    @Override
    public RankStage.Body<Dl4jRank.Ending> body(long epoch) throws IOException {
      if (store.newestWhole().isEmpty()) begin(settings, saved, epoch);
      String from = store.newestWhole().orElseThrow().path().toString();
      Dl4jRank.Task task = new Dl4jRank.Task(settings, source, from, new ArrayList<>(listeners));
      return rank -> Dl4jRank.run(task, rank);
    }
  }

  /** The network as it was given is the first checkpoint: all ranks begin as those of a resumed run do. */
  private void begin(Dl4jSettings settings, NetworkCheckpoints saved, long epoch) throws IOException {
    saved.save(network, new TrainerState(0, 0, 0, 1, "ND4J", Dl4jRank.identity(settings), List.of()), epoch,
        new Retention(checkpoints.keepLast(), checkpoints.keepEvery(), checkpoints.keepBest()));
  }

  /** Gives the user's own network what was learned. */
  private void takeOver(Model trained) {
    Dl4jModel from = Dl4jModel.of(trained), to = Dl4jModel.of(network);
    network.setParams(trained.params());
    INDArray state = from.updater().getStateViewArray();
    if (state != null) to.updater().setStateViewArray(state);
    to.setCounts(from.iteration(), from.epoch());
  }
}
