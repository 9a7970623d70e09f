package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Dropout;
import dev.kindling.train.autodiff.Embed;
import dev.kindling.train.autodiff.Embed.Lookup;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.autodiff.Weight;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;

/**
 * What a token starts as: its row of a table, times a factor, plus its position's row where positions are learned, normed
 * where the model does that.
 *
 * @param positions [context, width], or null; @param norm null: none
 * @param dropout rate of what comes out
 */
public record Embedding(Weight tokens, float factor, Weight positions, RowNorm norm, float dropout) {
  /** Learned positions, as in GPT-2. */
  public static Embedding withPositions(Weight tokens, Weight positions, float dropout) {
    return new Embedding(tokens, 1, positions, null, dropout);
  }

  /**
   * @param ids int32 [rows]
   * @param at position of each row, int32 [rows]
   * @return float32 [rows, width]
   */
  public Value forward(Tape tape, Tensor ids, Tensor at) {
    Lookup token = new Lookup(ids, tokens, factor);
    Value x = positions == null ? Embed.of(tape, token) : Embed.of(tape, token, new Lookup(at, positions));
    return Dropout.of(norm == null ? x : norm.forward(x, DType.FLOAT32), dropout);
  }
}
