package dev.kindling.train.loop;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.collective.Communicator;
import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.profile.Spans;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Finds out where a loss or a gradient that is not finite came from. Every micro-batch can be made again, with the same bits: each rank
 * runs those of its own that may be to blame once more, one by one, and all ranks tell each other. The weights are those of the
 * step before, and nothing is written.
 */
record NonFinite(MicroBatches<?> microBatches, Communicator communicator, RunOptions options, CounterRandom random) {
  private static final String ADVICE = "; weights are still those of the step before, and no checkpoint was touched: look at "
      + "the samples, lower the learning rate or lengthen the warm-up, and run again to go on from the newest checkpoint";

  /** @param scratch flat like the weights, to be written over; @return the error for the user, the same on all ranks */
  UserError found(StepFacts facts, Tensor scratch) {
    double[] losses = facts.lossesByVirtualRank();
    int bad = IntStream.range(0, losses.length).filter(v -> !Double.isFinite(losses[v])).findFirst().orElse(-1);
    List<byte[]> all = communicator.allGather(mine(facts.step(), bad, scratch).getBytes(StandardCharsets.UTF_8));
    String found = all.stream().map(b -> new String(b, StandardCharsets.UTF_8)).filter(text -> !text.isEmpty())
        .findFirst().orElse("");
    if (bad >= 0) {
      return new UserError("the loss is " + losses[bad] + " in step " + facts.step() + " on " + place(bad) + found
          + ADVICE);
    }
    if (found.isEmpty()) found = ": every micro-batch's own gradient is finite, their sum left float32's range";
    return new UserError("the gradient norm is " + facts.gradientNorm() + " in step " + facts.step()
        + " though the loss is finite" + found + ADVICE);
  }

  private String place(int virtualRank) {
    VirtualRankTree tree = new VirtualRankTree(options.virtualRanks());
    int rank = 0;
    while (tree.range(rank, communicator.worldSize()).to() <= virtualRank) rank++;
    return "rank " + rank + " (virtual rank " + virtualRank + ")";
  }

  /** What this rank found; empty where it has nothing to do with it. @param bad the virtual rank with the loss, or -1: all may be */
  private String mine(long step, int bad, Tensor scratch) {
    VirtualRankTree.Node range = new VirtualRankTree(options.virtualRanks()).range(communicator.rank(),
        communicator.worldSize());
    for (int v = range.from(); v < range.to(); v++) {
      if (bad >= 0 && v != bad) continue;
      for (int i = 0; i < options.accumulate(); i++) {
        Optional<String> where = look(step, v, i, scratch);
        if (where.isEmpty()) continue;
        String samples = microBatches.source().describe(step, v, i);
        return (bad >= 0 ? "" : " on " + place(v)) + (where.get().isEmpty() ? "" : ": " + where.get())
            + (samples.isEmpty() ? "" : "; the micro-batch: " + samples);
      }
    }
    return "";
  }

  /** @return where the first number came from that is not finite, empty text where that is not known; nothing where all are finite */
  private Optional<String> look(long step, int virtualRank, int accumulation, Tensor scratch) {
    TrainableModel<?> model = microBatches.model();
    Optional<String> damaged = lastOf(model, model.weights()).map(name -> "the weights of " + name + " are not finite");
    if (damaged.isPresent()) return damaged;
    Raw.zero(scratch.address(), scratch.bytes());
    Optional<String> forward = microBatches.firstNonFinite(step, virtualRank, accumulation, random, scratch);
    if (forward.isPresent()) return forward;
    Optional<String> back = lastOf(model, scratch).map(name -> "on the way back the gradient of " + name
        + " is the first that is not finite");
    if (back.isPresent()) return back;
    // a model that is no tape's tells by its loss only
    Raw.zero(scratch.address(), scratch.bytes());
    double loss = microBatches.accumulate(step, virtualRank, accumulation, random, scratch, from -> {}, Spans.NONE)
        .loss();
    return Double.isFinite(loss) ? Optional.empty() : Optional.of("");
  }

  /** The last parameter with such a number: the way back begins at the end of the model. */
  private static Optional<String> lastOf(TrainableModel<?> model, Tensor flat) {
    List<Parameter> parameters = model.layout().parameters();
    for (int i = parameters.size() - 1; i >= 0; i--) {
      if (!isFinite(parameters.get(i).in(flat))) return Optional.of(parameters.get(i).name());
    }
    return Optional.empty();
  }

  private static boolean isFinite(Tensor part) {
    for (long i = 0; i < part.size(); i++) {
      if (!Float.isFinite(Raw.getFloat(part.address() + Float.BYTES * i))) return false;
    }
    return true;
  }
}
