package dev.kindling.jobs.simulate;

import dev.kindling.train.collective.VirtualRankTree;

/**
 * The time of a step, part by part as {@code TrainingStep} and {@code SparkCommunicator} do it:
 *
 * <pre>
 *   compute   micro-batches of the executor that has the most; its sums within the tree
 *   coding    where less than float32 is sent: the executor's own sum, and what coding and decoding take of the cores
 *   reduce    pieces leave from the vector's end as the last micro-batch completes them, each to its owner; an executor sends one
 *             contribution for each whole subtree that it holds. What is not hidden by the way back counts
 *   update    the owner's shard
 *   gather    every owner's shard to everybody
 * </pre>
 *
 * Two things bound an exchange, and the later counts. <i>The links</i>: all send to the owner whose shard is being completed, so its
 * link is a queue of pieces, each of which comes from all others; a sender's link is a queue of its own. <i>The cores</i>: bytes cost
 * time of the cores that compute, which is lost to computing while both go on.
 */
public final class StepModel {
  /** Bytes of a message that is part of a vector. */
  public static final int PIECE = 1 << 20;
  private static final int MOST_PIECES = 1 << 13;          // more are joined, which changes little and is quick
  private final StepCosts costs;
  private final Cluster cluster;
  private final int accumulate;
  private final int[] leaves;                    // virtual ranks, by rank
  private final int[] contributions;             // whole subtrees, by rank
  private int subtrees;

  /** @param virtualRanks at least as many as executors; @param accumulate micro-batches of each in a step */
  public StepModel(StepCosts costs, Cluster cluster, int virtualRanks, int accumulate) {
    this.costs = costs;
    this.cluster = cluster;
    this.accumulate = accumulate;
    VirtualRankTree tree = new VirtualRankTree(virtualRanks);
    int ranks = cluster.executors();
    if (ranks < 1 || ranks > virtualRanks) throw new IllegalArgumentException(ranks + " of " + virtualRanks);
    leaves = new int[ranks];
    contributions = new int[ranks];
    for (int r = 0; r < ranks; r++) {
      VirtualRankTree.Node range = tree.range(r, ranks);
      leaves[r] = range.to() - range.from();
      contributions[r] = tree.maximalSubtrees(range).size();
      subtrees += contributions[r];
    }
  }

  public StepTime of(Scheme scheme) {
    double update = costs.elements() * (costs.update() / cluster.executors() + costs.pack()) / cluster.cores();
    double compute = compute();
    if (cluster.executors() == 1) return new StepTime(compute, 0, 0, update, 0);
    double pass = narrowed() / cluster.cores();
    double rounded = 4.0 * costs.elements() - 2.0 * costs.rounded();
    if (scheme instanceof Scheme.Exact) {
      return new StepTime(compute, 0, reduced(compute) - compute + words(), update + pass, toAll(rounded));
    } else if (scheme instanceof Scheme.Coded coded) {
      return new StepTime(compute, coding(coded), toAll(coded.bytes() * costs.elements()) + words(), update + pass,
          toAll(rounded));
    }
    int steps = ((Scheme.Local) scheme).steps();
    double alone = costs.elements() * (costs.update() + costs.pack()) / cluster.cores();
    double way = 2.0 * costs.elements(), weights = 4.0 * costs.elements();
    double mean = costs.elements() * (costs.convert() + costs.add()) / cluster.cores();  // of a shard of each executor's way
    return new StepTime(compute, ownSum(), words() + toAll(way) / steps, alone + mean / steps, toAll(weights) / steps);
  }

  /** Seconds of a core: where some weights come back rounded, all are moved to and from one vector, each once by each executor. */
  private double narrowed() {
    if (costs.rounded() == 0) return 0;
    return costs.rounded() * costs.convert() + (costs.elements() - costs.rounded()) * costs.copy();
  }

  private double compute() {
    double most = 0;
    for (int r = 0; r < leaves.length; r++) {
      double batches = leaves[r] * (costs.first() + (accumulate - 1) * costs.microBatch());
      most = Math.max(most, batches + (leaves[r] - contributions[r]) * costs.elements() * costs.add());
    }
    return most / cluster.cores();
  }

  /** When the owners have their sums, counted from the step's start. */
  private double reduced(double compute) {
    int ranks = cluster.executors();
    long size = costs.elements();
    long piece = Math.max(PIECE / Float.BYTES, (size + MOST_PIECES - 1) / MOST_PIECES);
    double last = costs.last(accumulate) / cluster.cores();
    double[] out = new double[ranks];
    double end = 0;
    for (int owner = ranks - 1; owner >= 0; owner--) {
      double in = 0;
      long first = size * owner / ranks, to = size * (owner + 1) / ranks;
      while (to > first) {
        long from = Math.max(first, (to - first - 1) / piece * piece + first);
        double ready = compute - last * (1 - costs.completeAt(from));
        double seconds = Float.BYTES * (to - from) / rate();
        in = Math.max(in, ready) + seconds * (subtrees - contributions[owner]);
        for (int r = 0; r < ranks; r++) if (r != owner) out[r] = Math.max(out[r], ready) + seconds * contributions[r];
        to = from;
      }
      end = Math.max(end, in);
    }
    for (double o : out) end = Math.max(end, o);
    return Math.max(end, compute + work()) + costs.call() + cluster.latency();
  }

  /** Seconds that the exchange takes of the executor's cores that has the most to do. */
  private double work() {
    double shard = Float.BYTES * (double) costs.elements() / cluster.executors();
    double most = 0;
    for (int own : contributions) {
      double bytes = shard * (own * (cluster.executors() - 1) + subtrees - own) / 2;
      most = Math.max(most, seconds(bytes, shard));
    }
    return most;
  }

  /** Of so many bytes that an executor sends and receives, a vector of {@code each} bytes to each other and from it. */
  private double seconds(double bytes, double each) {
    double messages = bytes / each * Math.ceil(each / PIECE);
    return (bytes * costs.sent() + (messages - bytes / PIECE) * costs.message()) / cluster.cores();
  }

  /** Bytes a second of one executor, both ways, when nothing else goes on: as many cores as it has connections to work for. */
  private double rate() {
    return Math.min(cluster.link(), Math.min(cluster.cores(), cluster.executors() - 1) / costs.sent());
  }

  /** A vector of which each executor has one part, to all. @param bytes of all parts */
  private double toAll(double bytes) {
    double shard = bytes / cluster.executors(), sent = shard * (cluster.executors() - 1);
    return Math.max(sent / rate(), seconds(sent, shard)) + costs.call() + cluster.latency();
  }

  /** The losses, norms and label counts of all. */
  private double words() {
    return (cluster.executors() - 1) * costs.message() / cluster.cores() + cluster.latency();
  }

  /** An executor's contributions, added by itself. */
  private double ownSum() {
    int most = 0;
    for (int own : contributions) most = Math.max(most, own);
    return (most - 1) * costs.elements() * costs.add() / cluster.cores();
  }

  private double coding(Scheme.Coded how) {
    double others = costs.elements() * (1 - 1.0 / cluster.executors());
    return ownSum() + others * (how.encode() + how.decode()) / cluster.cores();
  }
}
