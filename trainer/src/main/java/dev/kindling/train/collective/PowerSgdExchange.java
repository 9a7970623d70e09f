package dev.kindling.train.collective;

import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.collective.Communicator.Reduction;
import dev.kindling.train.collective.LowRank.Factors;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.optim.Optimizer;
import dev.kindling.train.optim.OwnedRange;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Matrices of gradients as products of two thin ones, found by a step of subspace iteration that goes on from the step before (Vogels et
 * al. 2019, arXiv:1905.13727, algorithms 1 and 2). Of each matrix:
 *
 * <pre>
 *   M = g + e                        g this rank's sum, e what it could not send before
 *   n = the norms of Q's columns     Q of the step before, the same on all ranks
 *   P = Σ over ranks of M Q n⁻²      columns made orthonormal
 *   Q = (Σ over ranks of Mᵀ P n⁻¹) n = Σ over ranks of q
 *   sum = P Qᵀ,  e = M - P qᵀ        so that Σ over steps of sum = Σ of g - Σ over ranks of e
 * </pre>
 *
 * All that ranks send each other is a whole number of eight bits for each element. By n, which is near M's singular values, the columns
 * of what goes are about as long as each other, and so their elements fit one scale: P hangs on their directions only, and q is what this
 * rank's share came to after it was rounded ({@link RankSum#sum}). Where no rank has a label the owner takes the sum as its own e.
 *
 * @see Gradients.PowerSgd
 */
final class PowerSgdExchange implements GradientExchange {
  private static final Codec CODEC = new EightBitCodec();
  private static final long BLOCK = 1 << 20;     // elements
  private final LowRank factors;
  private final Communicator communicator;
  private final Shards shards;
  private final ParameterLayout layout;
  private final Kernels kernels;
  private final List<OwnedRange> owned;
  private final RankSum ranks;
  private final Memory memory;
  private final Tensor residual;                 // flat
  private final Tensor first;                    // every P, and what is no matrix
  private final Tensor second;                   // every Q
  private final Tensor said;                     // of either, what this rank has put into the sum
  private final double[][] norms;                // of every Q's columns
  private final long columns;                    // address of every P in doubles, while its columns are made orthonormal

  PowerSgdExchange(int rank, Communicator communicator, Shards shards, ParameterLayout layout, Kernels kernels) {
    this.communicator = communicator;
    this.shards = shards;
    this.layout = layout;
    this.kernels = kernels;
    factors = LowRank.of(layout, rank);
    owned = OwnedRange.of(layout, shards.from(communicator.rank()), shards.to(communicator.rank()));
    memory = Memory.allocate(bytes(factors, layout));
    Raw.zero(memory.address(), memory.bytes());
    residual = Tensor.at(memory.address(), DType.FLOAT32, layout.size());
    first = Tensor.at(residual.address() + residual.bytes(), DType.FLOAT32, factors.first());
    second = Tensor.at(first.address() + first.bytes(), DType.FLOAT32, factors.second());
    said = Tensor.at(second.address() + second.bytes(), DType.FLOAT32, Math.max(factors.first(), factors.second()));
    columns = said.address() + said.bytes();
    norms = new double[factors.matrices().size()][rank];
    for (Factors f : factors.matrices()) f.startWhatIsNothing(second);
    try {
      ranks = new RankSum(CODEC, communicator, kernels, Math.max(factors.first(), factors.second()));
    } catch (Throwable e) {
      memory.close();
      throw e;
    }
  }

  /** What a rank holds. */
  static long bytes(int rank, int worldSize, ParameterLayout layout) {
    LowRank factors = LowRank.of(layout, rank);
    return bytes(factors, layout) + RankSum.bytes(CODEC, worldSize, Math.max(factors.first(), factors.second()));
  }

  private static long bytes(LowRank factors, ParameterLayout layout) {
    long vectors = factors.first() + factors.second() + Math.max(factors.first(), factors.second());
    return (layout.size() + vectors) * Float.BYTES + factors.left() * Double.BYTES;
  }

  /** What of it is in a checkpoint. */
  static long saved(int rank, ParameterLayout layout) {
    return (layout.size() + LowRank.of(layout, rank).second()) * Float.BYTES;
  }

  @Override
  public List<OwnedRange> owned() {
    return owned;
  }

  @Override
  public Reduction reduce(List<Contribution> mine, Tensor sum) {
    return new AfterBackward(communicator, () -> {
      Tensor own = AfterBackward.ownSum(mine, kernels);
      if (communicator.worldSize() > 1) exchange(own);
      if (own.address() != sum.address()) Raw.copy(shard(own).address(), shard(sum).address(), shard(sum).bytes());
    });
  }

  private Tensor shard(Tensor flat) {
    return flat.slice(shards.from(communicator.rank()), shards.size(communicator.rank()));
  }

  /** @param own this rank's gradients; then, in its shard, the sum of all */
  private void exchange(Tensor own) {
    kernels.pool().run(norms.length, (i, worker) -> factors.matrices().get(i).norms(second, norms[i]));
    scale(second, -2);
    for (Factors f : factors.matrices()) {
      kernels.add(f.in(residual), f.in(own));
      kernels.matmul(f.in(own), false, f.right(second), false, f.left(first), 1, 0, false);
    }
    for (LowRank.Whole whole : factors.rest()) {
      kernels.add(whole.parameter().in(residual), whole.parameter().in(own));
      Raw.copy(whole.parameter().in(own).address(), whole.in(first).address(), whole.in(first).bytes());
    }
    ranks.sum(first, said.slice(0, first.size()));
    for (LowRank.Whole whole : factors.rest()) {
      keepWhatIsLeft(whole.parameter(), own, whole.in(said));
      Raw.copy(whole.in(first).address(), whole.parameter().in(own).address(), whole.in(first).bytes());
    }
    kernels.pool().run(factors.matrices().size(), (i, worker) -> {
      Factors f = factors.matrices().get(i);
      GramSchmidt.orthonormalize(f.left(first), columns + f.left() * Double.BYTES);
    });
    for (Factors f : factors.matrices()) project(f, f.in(own), f.left(first), f.right(second));
    scale(second, -1);
    ranks.sum(second, said.slice(0, second.size()));
    scale(second, 1);
    scale(said, 1);
    for (Factors f : factors.matrices()) {
      Raw.copy(f.in(own).address(), f.in(residual).address(), f.in(own).bytes());
      kernels.matmul(f.left(first), false, f.right(said), true, f.in(residual), -1, 1, false);
    }
    for (OwnedRange range : owned) {
      for (Factors f : factors.matrices()) {
        if (f.parameter().equals(range.parameter()))
          kernels.matmul(f.left(first), false, f.right(second), true, f.in(own), 1, 0, false);
      }
    }
    for (Factors f : factors.matrices()) f.startWhatIsNothing(second);
  }

  /** The columns of every Q, or of what lies as they do, by a power of their norms. */
  private void scale(Tensor vector, int power) {
    kernels.pool().run(factors.matrices().size(),
        (i, worker) -> factors.matrices().get(i).scale(vector, norms[i], power));
  }

  private void keepWhatIsLeft(Parameter parameter, Tensor own, Tensor sent) {
    Tensor left = parameter.in(residual);
    Raw.copy(parameter.in(own).address(), left.address(), left.bytes());
    kernels.scale(sent, -1, sent);
    kernels.add(sent, left);
  }

  /** q = Mᵀ P, in blocks of rows: kernels hold a transposed copy of what they are given. */
  private void project(Factors f, Tensor m, Tensor p, Tensor q) {
    long rows = Math.max(1, BLOCK / f.columns());
    for (long from = 0; from < f.rows(); from += rows) {
      long count = Math.min(rows, f.rows() - from);
      kernels.matmul(m.slice(from * f.columns(), count, f.columns()), true, p.slice(from * f.rank(), count, f.rank()),
          false, q, 1, from == 0 ? 0 : 1, false);
    }
  }

  @Override
  public void keep(Tensor sum) {
    if (communicator.worldSize() > 1) kernels.add(shard(sum), shard(residual));
  }

  @Override
  public long sent() {
    return ranks.sent();
  }

  @Override
  public List<Optimizer.State> states(Tensor weights) {
    int rank = communicator.rank();
    List<Optimizer.State> all = new ArrayList<>(RankStates.ofRank(rank, "residual", layout, residual));
    for (Factors f : factors.matrices()) {
      String name = RankStates.named(rank, "basis") + "/" + f.parameter().name();
      all.add(new Optimizer.State(name, 0, second.slice(f.right(), f.columns() * f.rank())));
    }
    return all;
  }

  @Override
  public void close() {
    ranks.close();
    memory.close();
  }
}
