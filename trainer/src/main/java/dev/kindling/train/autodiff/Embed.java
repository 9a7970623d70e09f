package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/**
 * The sum of what each look-up finds for a row: x[r] = Σ factor · table[ids[r]]. Back: dTable[ids[r]] += factor · dx[r], in
 * row order.
 *
 * @param x float32 [rows, width]
 */
public record Embed(List<Lookup> lookups, Value x) implements Operation {
  /**
   * @param ids int32 [rows]: tokens, positions or segments
   * @param table [.., width]
   * @param factor that the table's rows are multiplied with: 1, or √width (Vaswani et al. 2017, section 3.4)
   */
  public record Lookup(Tensor ids, Weight table, float factor) {
    public Lookup(Tensor ids, Weight table) {
      this(ids, table, 1);
    }
  }

  public static Value of(Tape tape, Lookup... lookups) {
    return of(tape, List.of(lookups));
  }

  /** @param lookups at least one, all of the same number of rows and the same width */
  public static Value of(Tape tape, List<Lookup> lookups) {
    Lookup first = lookups.get(0);
    Value x = tape.value(DType.FLOAT32, first.ids.size(), first.table.value().dim(-1));
    for (Lookup lookup : lookups) {
      tape.kernels().lookups().gather(lookup.ids, lookup.table.value(), lookup.factor, lookup != first, x.data());
    }
    tape.record(new Embed(lookups, x));
    return x;
  }

  @Override
  public List<Weight> learned() {
    return lookups.stream().map(Lookup::table).toList();
  }

  @Override
  public void backward(Tape tape) {
    if (x.dy() == null) return;
    for (Lookup lookup : lookups) {
      if (lookup.table.gradient() == null) continue;
      tape.kernels().lookups().gatherGradient(lookup.ids, x.dy(), lookup.factor, lookup.table.gradient());
    }
    tape.done(x);
  }
}
