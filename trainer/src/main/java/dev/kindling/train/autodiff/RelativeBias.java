package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/**
 * bias[h, c] = table[bucket[c], h]: what is learned for a bucket of distances becomes the bias of every distance, as attention
 * wants it (Raffel et al. 2020, section 2.1). Back: dTable[bucket[c], h] += dBias[h, c], in column order.
 *
 * @param table [buckets, heads]; @param bucket of each column; @param bias float32 [heads, columns]
 */
public record RelativeBias(Weight table, int[] bucket, Value bias) implements Operation {
  public static Value of(Tape tape, Weight table, int[] bucket) {
    int heads = Math.toIntExact(table.shape()[1]);
    Value bias = tape.value(DType.FLOAT32, heads, bucket.length);
    RelativeBias relative = new RelativeBias(table, bucket, bias);
    for (int h = 0; h < heads; h++) {
      for (int c = 0; c < bucket.length; c++) {
        Raw.putFloat(relative.at(bias.data(), h, c), Raw.getFloat(relative.at(table.value(), bucket[c], h)));
      }
    }
    tape.record(relative);
    return bias;
  }

  private long at(Tensor matrix, int row, int column) {
    return matrix.address() + (row * matrix.dim(-1) + column) * Float.BYTES;
  }

  @Override
  public List<Weight> learned() {
    return List.of(table);
  }

  @Override
  public void backward(Tape tape) {
    if (bias.dy() == null) return;
    for (int h = 0; table.gradient() != null && h < bias.data().dim(0); h++) {
      for (int c = 0; c < bucket.length; c++) {
        long to = at(table.gradient(), bucket[c], h);
        Raw.putFloat(to, Raw.getFloat(to) + Raw.getFloat(at(bias.dy(), h, c)));
      }
    }
    tape.done(bias);
  }
}
