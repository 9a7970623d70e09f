package dev.kindling.jobs.train;

import dev.kindling.jobs.train.Faults.ConnectionFaults;
import dev.kindling.jobs.train.Faults.Phase;
import dev.kindling.jobs.transport.Connections;
import dev.kindling.train.collective.Communicator;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.tensor.Tensor;
import java.time.Duration;
import java.util.List;

/** A rank's real communicator, at whose calls faults may wait. */
record FaultyCommunicator(Communicator real, Faults faults, int[] steps) implements Communicator {
  private static final Duration STALL = Duration.ofMillis(1500);

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
        at(Phase.REDUCE);
        reduction.complete(from);
      }

      @Override
      public void meet() {
        reduction.meet();
      }

      @Override
      public void finish() {
        at(Phase.REDUCE);
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
    at(Phase.ALL_GATHER);
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
    at(Phase.BACKWARD);
    real.throwIfLost();
  }

  private void at(Phase phase) {
    faults.at(phase, rank(), steps[0], worldSize() == 1 ? null : new ConnectionFaults() {
      @Override
      public void cut() {
        Connections.cut(real);
      }

      @Override
      public void stall() {
        Connections.stall(real, STALL);
      }
    });
  }

  @Override
  public void abort(String why) {
    real.abort(why);
  }

  @Override
  public void close() {
  }
}
