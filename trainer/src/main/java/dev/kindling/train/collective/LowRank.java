package dev.kindling.train.collective;

import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Which parameters go as two thin factors, and where those lie: P [rows, rank] in the first vector of an exchange, Q [columns, rank] in
 * the second. The others follow the Ps as they are.
 *
 * @param left elements of all Ps; @param first of the first vector; @param second of the second
 */
record LowRank(List<Factors> matrices, List<Whole> rest, long left, long first, long second) {
  private static final long ALIGNMENT = 16;      // elements
  private static final double LEAST = 1e-12;     // of norms

  /** M ≈ P Qᵀ. @param left where P begins; @param right where Q does */
  record Factors(Parameter parameter, long rows, long columns, int rank, long left, long right) {
    Tensor in(Tensor flat) {
      return flat.slice(parameter.offset(), rows, columns);
    }

    Tensor left(Tensor first) {
      return first.slice(left, rows, rank);
    }

    Tensor right(Tensor second) {
      return second.slice(right, columns, rank);
    }

    /** Where a column of Q is nothing it would stay so: it starts anew, at random. */
    void startWhatIsNothing(Tensor second) {
      Tensor q = right(second);
      for (int j = 0; j < rank; j++) {
        boolean nothing = true;
        for (long i = 0; nothing && i < columns; i++) nothing = Raw.getFloat(at(q, i, j)) == 0;
        if (nothing) start(q, j);
      }
    }

    /** Of the columns of Q; none is less than a millionth of the longest, so that all can be divided by. @param norms out, by column */
    void norms(Tensor second, double[] norms) {
      Tensor q = right(second);
      Arrays.fill(norms, 0);
      for (long i = 0; i < columns; i++) {
        for (int j = 0; j < rank; j++) {
          double value = Raw.getFloat(at(q, i, j));
          norms[j] += value * value;
        }
      }
      double longest = LEAST;
      for (int j = 0; j < rank; j++) longest = Math.max(longest, norms[j] = Math.sqrt(norms[j]));
      for (int j = 0; j < rank; j++) norms[j] = Math.max(norms[j], 1e-6 * longest);
    }

    /** Multiplies the columns of a vector's Q by a power of their norms. */
    void scale(Tensor vector, double[] norms, int power) {
      Tensor q = right(vector);
      for (int j = 0; j < rank; j++) {
        double factor = StrictMath.pow(norms[j], power);         // the same on any machine
        for (long i = 0; i < columns; i++) Raw.putFloat(at(q, i, j), (float) (factor * Raw.getFloat(at(q, i, j))));
      }
    }

    private long at(Tensor q, long row, int column) {
      return q.address() + (row * rank + column) * Float.BYTES;
    }

    private void start(Tensor q, int column) {
      CounterRandom random = CounterRandom.of(column, parameter.name());
      double[] pair = new double[2];
      for (long i = 0; i < columns; i++) {
        if (i % 2 == 0) random.normals(i / 2, pair);
        Raw.putFloat(at(q, i, column), (float) pair[(int) (i % 2)]);
      }
    }
  }

  /** @param at where it begins in the first vector */
  record Whole(Parameter parameter, long at) {
    Tensor in(Tensor first) {
      return first.slice(at, parameter.size());
    }
  }

  /** @param rank of the factors: a matrix goes as them where both are less than half of it */
  static LowRank of(ParameterLayout layout, int rank) {
    List<Factors> matrices = new ArrayList<>();
    List<Parameter> others = new ArrayList<>();
    long first = 0, second = 0;
    for (Parameter p : layout.parameters()) {
      long rows = p.shape()[0], columns = p.size() / rows;
      if (2L * rank * (rows + columns) >= p.size()) {
        others.add(p);
        continue;
      }
      matrices.add(new Factors(p, rows, columns, rank, first, second));
      first += aligned(rows * rank);
      second += aligned(columns * rank);
    }
    long left = first;
    first = (first + Codec.BLOCK - 1) / Codec.BLOCK * Codec.BLOCK;         // no block has elements of a P and of another kind
    List<Whole> rest = new ArrayList<>();
    for (Parameter p : others) {
      rest.add(new Whole(p, first));
      first += aligned(p.size());
    }
    return new LowRank(matrices, rest, left, first, second);
  }

  private static long aligned(long elements) {
    return (elements + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }
}
