package dev.kindling.train.loop;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.collective.Communicator;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.MicroBatch;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.optim.AveragedWeights;
import dev.kindling.train.profile.Part;
import dev.kindling.train.profile.Spans;
import dev.kindling.train.tensor.Memory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * A rank's whole run: resume where there is something to resume, step, report, evaluate, save. All ranks run it at the same time
 * with the same options and end up with the same weights; how many there are does not show in them. What may be left out
 * is given by the methods that return this.
 *
 * <pre>{@code
 * TrainingResult result = new TrainingLoop(model, kernels, communicator, batches, options)
 *     .saving(checkpoints).evaluating(evaluation).telling(listener).run();
 * }</pre>
 *
 * <p>All large memory is outside the heap and taken once. On the heap a step leaves small records (the operations of the tape, the
 * shapes of products) and the token ids: measured 0.2 MB a micro-batch with a GPT-2 of 2 layers, 0.4 MB with a T5 of 2 and 2,
 * the optimizer's part included, in proportion to the number of operations and of their blocks; {@link #GARBAGE} bounds it.
 */
public final class TrainingLoop {
  /** Bytes that a small model's micro-batch leaves on the heap at the most, once the code is compiled: a test holds it. */
  static final long GARBAGE = 1 << 20;
  private static final double NANOS = 1e9;
  private static final String BETWEEN_PATHS = "\0";       // which has no place in one
  private static final byte[] NOTHING = new byte[0];
  private MicroBatches<?> microBatches;
  private final Kernels kernels;
  private final Communicator communicator;
  private final RunOptions options;
  private Optional<Checkpoints> checkpoints = Optional.empty();
  private final Measurements measurements;
  private Spans timing = Spans.NONE;
  private StepClock spans;
  private Consumer<StepFacts> follower = facts -> {};
  private TrainingListener listener = new TrainingListener() {};
  private final AtomicReference<StopRequest> stopRequest = new AtomicReference<>(StopRequest.NONE);
  private final List<LossPoint> history = new ArrayList<>();
  private TrainingStep stepper;
  private long saved;                            // the step of the newest checkpoint, which may be under way
  private Optional<Checkpoints.Saving> saving = Optional.empty();

  /** @param model at its start; none of what is given is closed here */
  public <B extends MicroBatch> TrainingLoop(TrainableModel<B> model, Kernels kernels, Communicator communicator,
      BatchSource<B> batches, RunOptions options) {
    this.microBatches = new MicroBatches<>(model, batches);
    this.kernels = kernels;
    this.communicator = communicator;
    this.options = options;
    this.measurements = new Measurements(options);
  }

  /** Where to resume from and to save to. */
  public TrainingLoop saving(Checkpoints where) {
    checkpoints = Optional.of(where);
    return this;
  }

  /** What to measure at every {@link RunOptions#evaluateEvery}-th step and at the end. */
  public TrainingLoop evaluating(Evaluation how) {
    measurements.of(how);
    return this;
  }

  /** To be measured are the averages of the weights, which an {@link AveragedWeights} keeps, and not the weights. */
  public TrainingLoop evaluatingAverages() {
    measurements.ofAverages();
    return this;
  }

  /** Who is told; used on rank 0 only. */
  public TrainingLoop telling(TrainingListener who) {
    if (communicator.rank() == 0) listener = Objects.requireNonNull(who);
    return this;
  }

  /** Who is told what the time goes to. */
  public TrainingLoop timing(Spans who) {
    timing = who;
    return this;
  }

  /** Who is told the losses of single labels, on every rank, before {@link #following} is told of their step. */
  public TrainingLoop tellingLosses(LabelLosses who) {
    microBatches = microBatches.telling(who);
    return this;
  }

  /** Who is told of every step, on every rank, before the step's evaluation and checkpoint begin. */
  public TrainingLoop following(Consumer<StepFacts> who) {
    follower = who;
    return this;
  }

  /** Asks, from any thread and on any rank, that all ranks end, with a checkpoint. What was asked once stays asked. */
  public void request(StopRequest stop) {
    stopRequest.accumulateAndGet(stop, StopRequest::or);
  }

  /**
   * Trains until the last step, or the one after which it shall stop. A run that is finished already does nothing, but for a
   * measurement that it was told to give up.
   *
   * @throws UserError where the options do not fit the checkpoint, the data ends too early or the loss is not finite
   */
  public TrainingResult run() {
    spans = new StepClock(timing);
    try (TrainingStep step = new TrainingStep(microBatches, kernels, communicator, options, spans)) {
      stepper = step;
      long done = resume();
      boolean lacks = measurements.lacks(done, history);
      if (done >= options.steps() && !lacks) return new TrainingResult(done, true, history, 0, 0);
      if (microBatches.source().lastStep() < options.steps()) {
        throw new UserError(
            "steps is " + options.steps() + "; there is data for " + microBatches.source().lastStep() + ": "
                + microBatches.source().whyItEnds());
      }
      listener.started(done + 1, options.steps(), communicator.worldSize());
      if (lacks && !makeUpFor(done)) return new TrainingResult(done, false, history, 0, 0);
      return train(done);
    } catch (RuntimeException | Error e) {
      communicator.abort(String.valueOf(e.getMessage()));    // the others must not wait for this rank
      throw e;
    }
  }

  private TrainingResult train(long done) {
    StepRate rate = new StepRate(options.steps() - done);
    spans.take();                                // what came before is no step's time
    boolean stop = false, finished = done == options.steps();
    long step = done;
    while (step < options.steps() && !stop) {
      step++;
      spans.step();
      long start = System.nanoTime();
      byte[] word = saving.map(Checkpoints.Saving::word).orElse(NOTHING);
      TrainingStep.Outcome outcome = stepper.run(step, stopRequest.get(), word);
      follow(outcome.words());
      rate.add(outcome.facts().tokens(), (System.nanoTime() - start) / NANOS);
      boolean saves = due(step, options.checkpointEvery());
      stop = outcome.stop() == StopRequest.NOW || outcome.stop() == StopRequest.AT_CHECKPOINT && saves
          || step == options.stopAfter();
      report(step, step == done + 1 || stop, outcome.facts(), rate);
      follower.accept(outcome.facts());
      boolean last = step == options.steps();
      if (last || stop) stepper.gatherMasters();
      else if (saves && checkpoints.isPresent()) stepper.gatherMasters(parts().ranges());
      boolean measured = !measurements.due(step) || measure(step);
      if (!measured && !last && !stop) stepper.gatherMasters();
      stop |= !measured;
      finished = last && measured;
      if (last || stop) saveAndWait(step);
      else if (saves) beginToSave(step);
    }
    return new TrainingResult(step, finished, history, rate.tokens(), rate.seconds());
  }

  /** @return false where it is told to end again */
  private boolean makeUpFor(long step) {
    if (!measure(step)) return false;
    if (step == options.steps()) {
      saved = 0;                                 // with the measured loss
      saveAndWait(step);
    }
    return true;
  }

  static boolean due(long step, long every) {
    return every > 0 && step % every == 0;
  }

  private void report(long step, boolean extra, StepFacts facts, StepRate rate) {
    // what goes into the history does not depend on where a run was stopped
    boolean logged = step == 1 || step == options.steps() || due(step, options.logEvery());
    if (logged && facts.labels() > 0) history.add(new LossPoint(LossPoint.TRAIN, step, facts.loss()));
    if (logged || extra) {
      listener.progressed(new Progress(step, options.steps(), facts.loss(), facts.labels(), facts.rate(),
          facts.gradientNorm(), facts.tokens(), rate.lap(), rate.secondsLeft(), Memory.inUse(),
          facts.gradientBytes()));
    }
  }

  /** @return false where it was given up, because the run is to end now */
  private boolean measure(long step) {
    Part before = spans.enter(Part.EVALUATE);
    OptionalDouble loss = measurements.at(step, communicator, stepper, listener,
        () -> stopRequest.get() == StopRequest.NOW);
    spans.enter(before);
    if (loss.isEmpty()) return false;
    history.add(new LossPoint(LossPoint.VALIDATION, step, loss.getAsDouble()));
    listener.evaluated(step, loss.getAsDouble());
    return true;
  }

  private void saveAndWait(long step) {
    settle();
    if (checkpoints.isEmpty() || step == saved) return;
    Part before = spans.enter(Part.SAVE);
    String name = checkpoints.get().save(state(step), microBatches.model(), stepper.states(), parts(), communicator);
    spans.enter(before);
    saved = step;
    listener.checkpointed(step, name);
  }

  private StoredParts parts() {
    return StoredParts.of(microBatches.model().layout(), communicator.worldSize(), options.gradients().apart(),
        checkpoints.get().leastPart());
  }

  private void beginToSave(long step) {
    settle();
    if (checkpoints.isEmpty()) return;
    Part before = spans.enter(Part.SAVE);
    saving = Optional
        .of(checkpoints.get().begin(state(step), microBatches.model(), stepper.states(), parts(), communicator));
    spans.enter(before);
    saved = step;
    follow(List.of());
  }

  private TrainerState state(long step) {
    return new TrainerState(step, stepper.updates(), step * options.globalBatch(),
        communicator.worldSize(), kernels.describe(), options.identity(), history);
  }

  /** @param words of all ranks in the step that was done; empty: none was */
  private void follow(List<byte[]> words) {
    if (saving.isEmpty()) return;
    if (!words.isEmpty()) saving.get().hear(words);
    saving.get().whole().ifPresent(name -> {
      saving = Optional.empty();
      listener.checkpointed(saved, name);
    });
  }

  /** Waits for a checkpoint that is under way: all ranks do at the same time. */
  private void settle() {
    if (saving.isEmpty()) return;
    Part before = spans.enter(Part.SAVE);
    String name = saving.get().settle(communicator);
    spans.enter(before);
    saving = Optional.empty();
    listener.checkpointed(saved, name);
  }

  /** The newest checkpoint in which every rank finds its share whole; empty where there is none. */
  private String newestWhole() {
    List<String> candidates = communicator.rank() == 0 ? checkpoints.get().candidates() : List.of();
    byte[] names = communicator.broadcast(String.join(BETWEEN_PATHS, candidates).getBytes(StandardCharsets.UTF_8));
    for (String name : new String(names, StandardCharsets.UTF_8).split(BETWEEN_PATHS)) {
      if (name.isEmpty()) continue;
      boolean whole = checkpoints.get().isWhole(name, communicator.rank(), communicator.worldSize());
      if (communicator.allGather(new byte[]{(byte) (whole ? 1 : 0)}).stream().allMatch(told -> told[0] == 1))
        return name;
    }
    return "";
  }

  /** @return the step done last; 0 for a new run */
  private long resume() {
    if (checkpoints.isEmpty()) return 0;
    String newest = newestWhole();
    if (newest.isEmpty()) return 0;
    Checkpoints.Saved checkpoint = checkpoints.get().open(newest);
    TrainerState state = checkpoint.state();
    options.refuseUnlessStartedWith(state.identity(), newest);
    refuseOtherRanks(state, newest);
    history.addAll(state.history());
    checkpoint.loadWeights(microBatches.model());
    checkpoint.loadStates(stepper.states());     // ranks that learn apart have weights of their own among their states
    microBatches.model().weightsChanged();
    stepper.resumeAt(state.updates());
    if (!withoutThreads(state.kernels()).equals(withoutThreads(kernels.describe()))) {
      listener.resumedOnOtherKernels(state.kernels(), kernels.describe());
    }
    saved = state.step();
    return state.step();
  }

  private void refuseOtherRanks(TrainerState state, String where) {
    int ranks = communicator.worldSize();
    if (options.gradients().anyRanks() || state.worldSize() == ranks) return;
    throw new UserError("the run in " + where + " was started with " + state.worldSize() + " ranks and has " + ranks
        + " now; with gradients that are " + options.gradients()
        + " it goes on with the same number only: set cluster.ranks to "
        + state.worldSize() + ", or start a new run in another folder");
  }

  /** The number of threads never shows in the bits. */
  private static String withoutThreads(String kernels) {
    return kernels.replaceFirst(", \\d+ threads?$", "");
  }
}
