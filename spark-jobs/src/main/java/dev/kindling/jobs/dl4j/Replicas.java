package dev.kindling.jobs.dl4j;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The networks of a rank, all over the same parameters, each with a thread of its own. Virtual ranks go round them: while
 * one's gradients are added, the next ones are computed. Neither their number nor their pace shows in the result.
 */
final class Replicas implements AutoCloseable {
  private final List<Replica> replicas = new ArrayList<>();
  private final List<ExecutorService> threads = new ArrayList<>();
  private final VirtualRankTree.Node range;
  private final long seed;

  /** @param most threads; @param range the virtual ranks of this rank; @param seed of the run */
  Replicas(Dl4jModel network, int most, VirtualRankTree.Node range, long seed) {
    this.range = range;
    this.seed = seed;
    BaseMultiLayerUpdater<?> updater = network.updater();
    for (int i = 0; i < Math.min(most, range.to() - range.from()); i++) {
      replicas.add(new Replica(i == 0 ? network : network.sharing(), updater));
      String name = "kindling-dl4j-" + i;
      threads.add(Executors.newSingleThreadExecutor(body -> {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        return thread;
      }));
    }
    threads.forEach(thread -> thread.execute(SingleThreadedMath::onThisThread));
  }

  /** The one whose updater counts. */
  Replica first() {
    return replicas.get(0);
  }

  /** Runs something on the first replica's thread, while nothing else is computed. */
  <T> T onFirst(Callable<T> body) {
    return await(threads.get(0).submit(body));
  }

  /** A step of this rank's virtual ranks. @param source of its examples */
  Running step(long step, ExampleSource source) {
    return new Running(step, source);
  }

  /** A step's gradients, segment by segment, to be taken in the order of the virtual ranks. */
  final class Running {
    private final long step;
    private final ExampleSource source;
    private final Replica.Series[] series = new Replica.Series[range.to() - range.from()];    // each its thread's own
    private final List<Future<Replica.Counted>> futures = new ArrayList<>();
    private int segment;

    private Running(long step, ExampleSource source) {
      this.step = step;
      this.source = source;
    }

    /** Begins with a segment's gradients. @param iteration and epoch: DL4J's counts, which schedules follow */
    void begin(int which, int iteration, int epoch) {
      segment = which;
      replicas.forEach(r -> r.network().setCounts(iteration, epoch));
      futures.clear();
      for (int v = range.from(); v < range.from() + replicas.size(); v++) submit(v);
    }

    private void submit(int virtualRank) {
      int place = virtualRank - range.from();
      int which = place % replicas.size();
      int now = segment;
      futures.add(threads.get(which).submit(() -> {
        if (now == 0) series[place] = new Replica.Series(read(virtualRank));
        return replicas.get(which).compute(series[place], now, seedOf(step, now, virtualRank));
      }));
    }

    private MultiDataSet read(int virtualRank) throws IOException {
      MultiDataSet examples = source.examples(step, virtualRank);
      if (examples != null) return examples;
      throw new UserError("step " + step + " has no examples for virtual rank " + virtualRank
          + "; every virtual rank needs some in every step: train fewer steps, or lower virtualRanks");
    }

    /** Writes the gradients of the next virtual rank, which is this one. */
    Replica.Counted take(int virtualRank, Tensor into) {
      int place = virtualRank - range.from();
      Replica.Counted counted = await(futures.get(place));
      Tensor gradients = replicas.get(place % replicas.size()).gradients();
      Raw.copy(gradients.address(), into.address(), gradients.bytes());
      if (virtualRank + replicas.size() < range.to()) submit(virtualRank + replicas.size());
      return counted;
    }
  }

  /** Well mixed (splitmix64): DL4J's generator starts alike from seeds that are alike. */
  private long seedOf(long step, int segment, int virtualRank) {
    long z = seed + 0x9e3779b97f4a7c15L * ((step * 65_537 + segment) * 65_537 + virtualRank + 1);
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }

  private static <T> T await(Future<T> future) {
    try {
      return future.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) throw cause;
      if (e.getCause() instanceof Error cause) throw cause;
      throw new IllegalStateException(e.getCause());
    }
  }

  @Override
  public void close() {
    for (ExecutorService thread : threads) {
      thread.execute(Nd4j.getWorkspaceManager()::destroyAllWorkspacesForCurrentThread);
      thread.shutdown();
    }
  }
}
