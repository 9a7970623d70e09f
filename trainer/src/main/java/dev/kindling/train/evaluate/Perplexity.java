package dev.kindling.train.evaluate;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.collective.Communicator;
import dev.kindling.train.collective.PairwiseSum;
import dev.kindling.train.loop.Evaluation;
import dev.kindling.train.model.MicroBatch;
import dev.kindling.train.model.TrainableModel;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The mean loss of every held-out label, once each; e to its power is the perplexity. Ranks share the batches out and add
 * up all of them in one fixed order, so that the figure does not depend on their number.
 *
 * @param batchRows rows of a batch
 */
public record Perplexity<B extends MicroBatch>(HeldOutRows<B> heldOut, int batchRows) {
  private static final byte GIVEN_UP = 0, WHOLE = 1;       // what a rank's losses begin with

  public Perplexity {
    UserError.require(heldOut.rows() > 0, "held-out rows", heldOut.rows(), "at least 1 to measure on");
    UserError.require(batchRows > 0, "evaluation batch", batchRows, "1 or more rows");
  }

  /** As what a training loop measures its model with. */
  public Evaluation of(TrainableModel<B> model) {
    return (communicator, watch) -> meanLoss(model, communicator, watch);
  }

  /** Called by all ranks. @return the same on all: nats a label */
  public double meanLoss(TrainableModel<B> model, Communicator communicator) {
    return meanLoss(model, communicator, (done, all) -> true).orElseThrow();
  }

  private OptionalDouble meanLoss(TrainableModel<B> model, Communicator communicator, Evaluation.Watch watch) {
    int batches = Math.toIntExact((heldOut.rows() + batchRows - 1) / batchRows);
    int worldSize = communicator.worldSize();
    int mine = (batches - communicator.rank() + worldSize - 1) / worldSize;
    ByteBuffer out = ByteBuffer.allocate(1 + Math.max(0, mine) * (Double.BYTES + Long.BYTES)).put(GIVEN_UP);
    boolean goesOn = true;
    for (int i = communicator.rank(), done = 1; i < batches && goesOn; i += worldSize, done++) {
      long from = (long) i * batchRows;
      B batch = heldOut.batch(from, (int) Math.min(batchRows, heldOut.rows() - from));
      out.putDouble(model.loss(batch)).putLong(batch.labels());
      goesOn = watch.goesOn((long) done * batchRows, (long) mine * batchRows);
    }
    if (goesOn) out.put(0, WHOLE);
    return mean(communicator.allGather(out.array()), batches);
  }

  private static OptionalDouble mean(List<byte[]> byRank, int batches) {
    List<ByteBuffer> in = byRank.stream().map(ByteBuffer::wrap).toList();
    for (ByteBuffer rank : in) if (rank.get() == GIVEN_UP) return OptionalDouble.empty();
    double[] losses = new double[batches];
    long labels = 0;
    for (int i = 0; i < batches; i++) {
      ByteBuffer owner = in.get(i % in.size());
      losses[i] = owner.getDouble();
      labels += owner.getLong();
    }
    if (labels == 0) throw new UserError("the held-out rows have no label that counts; hold out more of the corpus");
    return OptionalDouble.of(PairwiseSum.of(losses) / labels);
  }
}
