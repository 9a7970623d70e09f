package dev.kindling.train.profile;

import dev.kindling.train.collective.Communicator;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/**
 * A communicator whose time is told: before each exchange, or its end where it goes on beside computing, the ranks meet, and until
 * then they wait. It closes nothing.
 *
 * @param communicator that exchanges
 */
public record ProfiledCommunicator(Communicator communicator, Spans spans) implements Communicator {
  private static final byte[] NOTHING = new byte[0];

  @Override
  public int rank() {
    return communicator.rank();
  }

  @Override
  public int worldSize() {
    return communicator.worldSize();
  }

  @Override
  public Reduction reduce(List<Contribution> mine, Shards shards, Tensor sum) {
    Reduction reduction = communicator.reduce(mine, shards, sum);
    return new Reduction() {
      @Override
      public void complete(long from) {
        reduction.complete(from);
      }

      @Override
      public void meet() {
        Part before = spans.enter(Part.WAIT);
        reduction.meet();
        spans.enter(before);
      }

      @Override
      public void finish() {
        meet();
        Part before = spans.enter(Part.NETWORK);
        reduction.finish();
        spans.enter(before);
      }

      @Override
      public void close() {
        reduction.close();
      }
    };
  }

  @Override
  public void allGather(Tensor flat, Shards shards) {
    Part before = meet();
    communicator.allGather(flat, shards);
    spans.enter(before);
  }

  @Override
  public void allToAll(List<Tensor> out, List<Tensor> in) {
    Part before = meet();
    communicator.allToAll(out, in);
    spans.enter(before);
  }

  @Override
  public List<byte[]> allGather(byte[] mine) {
    Part before = meet();
    List<byte[]> all = communicator.allGather(mine);
    spans.enter(before);
    return all;
  }

  private Part meet() {
    Part before = spans.enter(Part.WAIT);
    communicator.allGather(NOTHING);
    spans.enter(Part.NETWORK);
    return before;
  }

  @Override
  public void throwIfLost() {
    communicator.throwIfLost();
  }

  @Override
  public void abort(String why) {
    communicator.abort(why);
  }

  @Override
  public void close() {
  }
}
