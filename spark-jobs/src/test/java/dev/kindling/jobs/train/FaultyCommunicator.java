package dev.kindling.jobs.train;

import dev.kindling.jobs.train.Faults.Phase;
import dev.kindling.train.collective.Communicator;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/** A rank's real communicator, at whose calls faults may wait. */
record FaultyCommunicator(Communicator real, Faults faults, int[] steps) implements Communicator {
  static FaultyCommunicator around(Communicator real, Faults faults) {
    return new FaultyCommunicator(real, faults, new int[1]);
  }

  @Override
  public int rank() {
    return real.rank();
  }

  @Override
  public int worldSize() {
    return real.worldSize();
  }

  @Override
  public Reduction reduce(List<Contribution> mine, Shards shards, Tensor sum) {
    Reduction reduction = real.reduce(mine, shards, sum);
    return new Reduction() {
      @Override
      public void complete(long from) {
        reduction.complete(from);
      }

      @Override
      public void meet() {
        reduction.meet();
      }

      @Override
      public void finish() {
        faults.at(Phase.REDUCE, rank(), steps[0]);
        reduction.finish();
      }

      @Override
      public void close() {
        reduction.close();
      }
    };
  }

  @Override
  public void allGather(Tensor flat, Shards shards) {
    faults.at(Phase.ALL_GATHER, rank(), steps[0]);
    real.allGather(flat, shards);
    steps[0]++;
  }

  @Override
  public void allToAll(List<Tensor> out, List<Tensor> in) {
    real.allToAll(out, in);
  }

  @Override
  public List<byte[]> allGather(byte[] mine) {
    return real.allGather(mine);
  }

  /** Asked before each micro-batch. */
  @Override
  public void throwIfLost() {
    faults.at(Phase.BACKWARD, rank(), steps[0]);
    real.throwIfLost();
  }

  @Override
  public void abort(String why) {
    real.abort(why);
  }

  @Override
  public void close() {
  }
}
