package dev.kindling.train.collective;

import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/** The only rank of a run: it holds all virtual ranks, owns every element and hears only itself. */
public final class Alone implements Communicator {
  private volatile String aborted;

  @Override
  public int rank() {
    return 0;
  }

  @Override
  public int worldSize() {
    return 1;
  }

  @Override
  public Reduction reduce(List<Contribution> mine, Shards shards, Tensor sum) {
    check();
    if (mine.size() != 1) throw new IllegalArgumentException("one rank holds the whole tree, not " + mine.size());
    Tensor all = mine.get(0).sum();
    return new Reduction() {
      @Override
      public void complete(long from) {
        check();
      }

      @Override
      public void meet() {
        check();
      }

      @Override
      public void finish() {
        check();
        if (all.address() != sum.address()) Raw.copy(all.address(), sum.address(), sum.bytes());
      }

      @Override
      public void close() {
      }
    };
  }

  @Override
  public void allGather(Tensor flat, Shards shards) {
    check();
  }

  @Override
  public void allToAll(List<Tensor> out, List<Tensor> in) {
    check();
  }

  @Override
  public List<byte[]> allGather(byte[] mine) {
    check();
    return List.of(mine);
  }

  @Override
  public void throwIfLost() {
    check();
  }

  @Override
  public void abort(String why) {
    aborted = why;
  }

  private void check() {
    if (aborted != null) throw new IllegalStateException("aborted: " + aborted);
  }

  @Override
  public void close() {
  }
}
