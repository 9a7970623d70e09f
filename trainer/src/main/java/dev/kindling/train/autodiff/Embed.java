package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;

/**
 * x[r] = table[ids[r]] + positions[first + r mod time]; back: dTable[ids[r]] += dx[r], dPositions[first + r mod time]
 * += dx[r].
 *
 * @param ids int32 [rows]
 * @param table [vocabulary, width]
 * @param positions [context, width]; @param first position of each sequence's first token; @param time tokens of each
 * @param x float32 [rows, width]
 */
public record Embed(Tensor ids, Weight table, Weight positions, long first, long time, Value x) implements Operation {
  public static Value of(Tape tape, Tensor ids, Weight table, Weight positions, long first, long time) {
    Value x = tape.value(DType.FLOAT32, ids.size(), table.value().dim(-1));
    tape.kernels().embed(ids, table.value(), part(positions.value(), first, time), time, x.data());
    tape.record(new Embed(ids, table, positions, first, time, x));
    return x;
  }

  @Override
  public void backward(Tape tape) {
    if (x.dy() == null) return;
    Tensor dPositions = part(positions.gradient(), first, time);
    tape.kernels().embedGradient(ids, x.dy(), time, table.gradient(), dPositions);
    tape.done(x);
  }

  private static Tensor part(Tensor positions, long first, long time) {
    long width = positions.dim(-1);
    return positions.slice(first * width, time, width);
  }
}
