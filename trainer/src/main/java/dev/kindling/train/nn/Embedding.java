package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Embed;
import dev.kindling.train.autodiff.Embed.Lookup;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.autodiff.Weight;
import dev.kindling.train.tensor.Tensor;

/** A token's row plus its position's: learned absolute positions, as in GPT-2. */
public final class Embedding {
  private final Weight tokens;
  private final Weight positions;

  public Embedding(Weight tokens, Weight positions) {
    this.tokens = tokens;
    this.positions = positions;
  }

  /**
   * @param ids int32 [sequences · time]
   * @param first position of each sequence's first token
   * @return float32 [sequences · time, width]
   */
  public Value forward(Tape tape, Tensor ids, long first, long time) {
    Tensor at = tape.positions(ids.size() / time, first, time);
    return Embed.of(tape, new Lookup(ids, tokens), new Lookup(at, positions));
  }
}
