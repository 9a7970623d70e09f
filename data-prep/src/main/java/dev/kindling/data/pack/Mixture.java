package dev.kindling.data.pack;

import static dev.kindling.checkpoint.UserError.require;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The rows of several datasets, mixed in fixed shares. Samples are dealt to the datasets by nested Beatty sequences (the way in which
 * Bresenham 1965 spreads the steps of a line): of the first n samples the first dataset has exactly ⌊n · share⌋; what it does not
 * take is numbered anew and dealt to the others alike. So the shares hold as well as they can at every moment, nothing is drawn or remembered,
 * and which of its own samples a dataset gives next is known at once. Each goes through its own rows, epoch by epoch.
 *
 * <pre>
 *   dataset i takes sample n of those that are left  where ⌊(n + 1) uᵢ / Uᵢ⌋ &gt; ⌊n uᵢ / Uᵢ⌋       uᵢ: its units, Uᵢ = uᵢ + uᵢ₊₁ + ...
 *   its number of it                                 k = ⌊n uᵢ / Uᵢ⌋
 *   what is left for the others                      n - k
 *   row                                              rows of the datasets before + shuffleᵢ(k)
 * </pre>
 *
 * @param shuffles of the datasets, each with a seed of its own
 * @param units the shares, of {@link #ALL}
 */
public record Mixture(List<Shuffle> shuffles, List<Long> units) implements RowOrder {
  /** Units in all: shares are told to a millionth. */
  public static final long ALL = 1 << 20;

  public Mixture {
    shuffles = List.copyOf(shuffles);
    units = List.copyOf(units);
    require(shuffles.size() == units.size() && !units.isEmpty(), "units", units, "one for each dataset");
    require(units.stream().allMatch(u -> u > 0) && units.stream().mapToLong(u -> u).sum() == ALL, "units", units,
        "positive, and " + ALL + " together");
  }

  /** @param rows of each dataset; @param seed of the run */
  public static Mixture of(List<Long> rows, List<Long> units, long seed) {
    List<Shuffle> shuffles = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++)
      shuffles.add(new Shuffle(rows.get(i), Permutation.mix(Permutation.mix(seed) ^ i + 1L)));
    return new Mixture(shuffles, units);
  }

  /**
   * Shares in proportion to weight^(1 / temperature), after Raffel et al. 2020 (T5, section 3.5.2, temperature-scaled mixing): 1 leaves the
   * weights as they are, higher ones make the shares more alike. What is lost in rounding goes to those that lost most; each gets
   * at least one unit.
   *
   * @param weights such as numbers of tokens, positive; @param temperature above 0; @return units of {@link #ALL}
   */
  public static List<Long> units(List<Double> weights, double temperature) {
    double largest = weights.stream().mapToDouble(w -> w).max().orElseThrow();
    double[] scaled = weights.stream().mapToDouble(w -> StrictMath.pow(w / largest, 1 / temperature)).toArray();
    double sum = Arrays.stream(scaled).sum();
    double[] exact = Arrays.stream(scaled).map(s -> s / sum * ALL).toArray();
    long[] units = Arrays.stream(exact).mapToLong(e -> Math.max(1, (long) e)).toArray();
    long left = ALL - Arrays.stream(units).sum();
    List<Integer> order = IntStream.range(0, units.length).boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> units[i] - exact[i]).thenComparing(i -> i)).toList();
    for (int i = 0; left > 0; i = (i + 1) % units.length, left--) units[order.get(i)]++;
    for (; left < 0; left++)
      units[IntStream.range(0, units.length).boxed().max(Comparator.comparing(i -> units[i])).get()]--;
    return Arrays.stream(units).boxed().toList();
  }

  @Override
  public long rows() {
    return shuffles.stream().mapToLong(Shuffle::rows).sum();
  }

  @Override
  public long row(long number) {
    long left = number;
    long whole = ALL;
    long before = 0;
    for (int i = 0; i < units.size(); i++) {
      long own = taken(left, units.get(i), whole);
      if (taken(left + 1, units.get(i), whole) > own) return before + shuffles.get(i).row(own);
      left -= own;
      whole -= units.get(i);
      before += shuffles.get(i).rows();
    }
    throw new IllegalStateException("the last dataset takes all that is left");
  }

  /** ⌊n u / U⌋: how many of the first n samples a dataset takes. */
  private static long taken(long n, long units, long whole) {
    return Math.multiplyExact(n, units) / whole;
  }

  @Override
  public long number(long epoch, long row) {
    int dataset = datasetOf(row);
    return numberOf(dataset, shuffles.get(dataset).number(epoch, row - firstRow(dataset)));
  }

  @Override
  public long begin(long epoch, long row) {
    int dataset = datasetOf(row);
    return numberOf(dataset, shuffles.get(dataset).begin(epoch, row));
  }

  @Override
  public List<Double> epochs(long samples) {
    List<Double> epochs = new ArrayList<>();
    long left = samples;
    long whole = ALL;
    for (int i = 0; i < units.size(); i++) {
      long own = taken(left, units.get(i), whole);
      epochs.addAll(shuffles.get(i).epochs(own));
      left -= own;
      whole -= units.get(i);
    }
    return epochs;
  }

  /** Which of the datasets a row is of. */
  public int datasetOf(long row) {
    int dataset = 0;
    long left = row;
    while (left >= shuffles.get(dataset).rows()) left -= shuffles.get(dataset++).rows();
    return dataset;
  }

  /** How many rows the datasets before one have. */
  public long firstRow(int dataset) {
    return shuffles.subList(0, dataset).stream().mapToLong(Shuffle::rows).sum();
  }

  /** Which sample of the run is a dataset's k-th. */
  private long numberOf(int dataset, long k) {
    long whole = units.subList(dataset, units.size()).stream().mapToLong(u -> u).sum();
    long units = this.units.get(dataset);
    // The smallest n with ⌊(n + 1) u / U⌋ = k + 1.
    long number = (Math.multiplyExact(k + 1, whole) - 1) / units;
    for (int i = dataset - 1; i >= 0; i--) {
      long taken = this.units.get(i);
      // The one with `number` others before it that the dataset i did not take.
      number = Math.multiplyExact(number, whole + taken) / whole;
      whole += taken;
    }
    return number;
  }
}
