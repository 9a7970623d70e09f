package dev.kindling.train.nn;

import dev.kindling.train.autodiff.RelativeBias;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.autodiff.Weight;

/**
 * T5's learned biases by buckets of distances (Raffel et al. 2020, section 2.1): half of the buckets of a direction are for one
 * distance each, the other half grow as its logarithm up to {@code maxDistance}, and all further keys share the last.
 */
public final class RelativePositions {
  private final Weight table;
  private final int buckets;
  private final int maxDistance;
  private final boolean bidirectional;

  /** @param bidirectional whether keys after the query have buckets of their own: then each direction has half of them */
  public RelativePositions(Weights weights, int buckets, int heads, int maxDistance, boolean bidirectional,
      Initial initial) {
    table = weights.table("weight", buckets, heads, initial);
    this.buckets = buckets;
    this.maxDistance = maxDistance;
    this.bidirectional = bidirectional;
  }

  /** The bias of the positions at hand, for all layers. @return float32 [heads, queryTime + keyTime - 1] */
  public Value bias(Tape tape, Context context) {
    int[] bucket = new int[context.queryTime() + context.keyTime() - 1];
    for (int c = 0; c < bucket.length; c++) {
      bucket[c] = bucket(c + 1 - context.keyTime(), buckets, maxDistance, bidirectional);
    }
    return RelativeBias.of(tape, table, bucket);
  }

  /** @param relative how far the key is after its query */
  static int bucket(int relative, int buckets, int maxDistance, boolean bidirectional) {
    int of = bidirectional ? buckets / 2 : buckets;            // of this direction
    int first = bidirectional && relative > 0 ? of : 0;
    int distance = bidirectional ? Math.abs(relative) : Math.max(0, -relative);
    int exact = of / 2;
    if (distance < exact) return first + distance;
    // in float32 as Hugging Face has it: at powers of two the last bit decides about the bucket
    float share = (float) Math.log((float) distance / exact) / (float) Math.log((double) maxDistance / exact);
    return first + Math.min(of - 1, exact + (int) (share * (of - exact)));
  }
}
