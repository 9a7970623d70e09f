package dev.kindling.train.profile;

import dev.kindling.train.collective.Communicator;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/**
 * A communicator whose time is told: before each exchange the ranks meet, and until then they wait. It closes nothing.
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
  public void reduceScatter(List<Contribution> mine, Shards shards, Tensor sum) {
    Part before = meet();
    communicator.reduceScatter(mine, shards, sum);
    spans.enter(before);
  }

  @Override
  public void allGather(Tensor flat, Shards shards) {
    Part before = meet();
    communicator.allGather(flat, shards);
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
