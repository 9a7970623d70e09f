package dev.kindling.train.loop;

import dev.kindling.train.collective.Shards;
import dev.kindling.train.collective.SubtreeSums;
import dev.kindling.train.kernel.SizingKernels;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.optim.OptimizerRecipe;
import dev.kindling.train.optim.OwnedRange;
import java.util.List;

/**
 * What the rank of a run that needs the most holds outside the heap from its second step on, in bytes. In the first the arena of
 * activations, which then grows piece by piece, may hold an eighth of them more.
 *
 * @param masters the float32 weights
 * @param packed their copies in the layouts and the type that products read
 * @param gradients flat vectors that the tree of its virtual ranks keeps at once
 * @param states of the optimizer
 * @param work memory of the optimizer's within its step
 * @param exchange what is kept of gradients that were not sent, and what goes between ranks in fewer bytes
 * @param activations of a micro-batch with their gradients, or of a batch of held-out rows where that takes more
 * @param scratch of the kernels
 * @param saved bytes of all this that a rank stores in a checkpoint; no memory of its own
 * @param shard the most elements of the weights that a rank owns; no memory of its own
 */
public record StepMemory(long masters, long packed, long gradients, long states, long work, long exchange,
    long activations, long scratch, long saved, long shard) {
  /**
   * @param layout of the model; @param sizing kernels on which a micro-batch was run forward and back
   * @param activations the most that it took, as the model says
   */
  public static StepMemory of(ParameterLayout layout, RunOptions options, int worldSize, SizingKernels sizing,
      long activations) {
    OptimizerRecipe recipe = options.optimizer();
    Shards shards = TrainingStep.shards(layout, worldSize, options);
    boolean apart = options.gradients().apart();
    long states = 0;
    long work = 0;
    long shard = 0;
    for (int rank = 0; rank < worldSize; rank++) {
      List<OwnedRange> owned = apart
          ? OwnedRange.of(layout, 0, layout.size())
          : OwnedRange.of(layout, shards.from(rank), shards.to(rank));
      states = Math.max(states, recipe.stateBytes(owned));
      shard = Math.max(shard, shards.size(rank));
      for (OwnedRange range : owned) work = Math.max(work, recipe.workOf(range, sizing.kernels()));
    }
    int buffers = SubtreeSums.buffers(options.virtualRanks(), worldSize);
    boolean held = TrainingStep.holdsPacked((options.virtualRanks() + worldSize - 1) / worldSize, options);
    return new StepMemory(layout.size() * Float.BYTES, held ? sizing.packedBytes() : 0,
        SubtreeSums.bytes(layout.size(), buffers), states, work,
        options.gradients().bytes(shards, layout), activations,
        sizing.scratchBytes() + (held ? 0 : sizing.packingBytes()),
        StoredParts.of(layout, worldSize, apart, StoredParts.LEAST).largest() + states
            + options.gradients().saved(shards, layout),
        shard);
  }

  public long total() {
    return masters + packed + gradients + states + work + exchange + activations + scratch;
  }
}
