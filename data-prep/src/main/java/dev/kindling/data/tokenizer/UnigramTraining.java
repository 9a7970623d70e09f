package dev.kindling.data.tokenizer;

import dev.kindling.checkpoint.UserError;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Finds the pieces of a unigram model (Kudo 2018, section 3.2): begins with the commonest substrings, fits their probabilities by
 * expectation and maximisation, with the digamma of expected counts in place of their logarithm as sentencepiece does, leaves out those whose
 * loss costs the corpus least, and so on down to the size that is asked for. Everything that depends on the corpus is a sum
 * of whole numbers, so the result depends on nothing but its words' counts.
 */
public final class UnigramTraining {
  /** Characters (code points) of a piece. */
  public static final int LONGEST = 16;
  private static final int ROUNDS = 2;
  private static final double SHRINK = 0.75;
  private static final double SURPLUS = 1.1;
  private static final double LEAST_EXPECTED = 0.5;
  private static final int FRACTION_BITS = 16;

  private final Corpus corpus;
  private final IntConsumer progress;

  /** What the training has to know of a corpus, wherever its words are. */
  public interface Corpus {
    /** Adds up what {@link Counts} says of each word. @return a sum for each piece */
    long[] sum(Model model, Counts counts);
  }

  /** What is counted. */
  public enum Counts {
    /** How often a piece is expected, over all ways to cut words, in steps of 2^-16. */
    EXPECTED,
    /** How often a piece is in the most probable ways. */
    BEST
  }

  /** Pieces and the natural logarithms of their probabilities. */
  public record Model(List<String> pieces, double[] scores) implements java.io.Serializable {
    /** Counts words for one thread. */
    public Counter counter(Counts counts) {
      return new Counter(this, counts);
    }
  }

  /** Adds up over words. */
  public static final class Counter {
    private final UnigramPieces pieces;
    private final double[] probabilities;
    private final long[] sums;
    private final Counts counts;

    private Counter(Model model, Counts counts) {
      pieces = new UnigramPieces(model.pieces(), model.scores());
      probabilities = Arrays.stream(model.scores()).map(StrictMath::exp).toArray();
      sums = new long[model.scores().length];
      this.counts = counts;
    }

    public void add(CountedWord word) {
      if (counts == Counts.EXPECTED) {
        pieces.addExpected(word.word(), word.count(), probabilities, FRACTION_BITS, sums);
      } else {
        for (int piece : pieces.best(word.word()))
          if (piece != UnigramPieces.UNKNOWN) sums[piece] = Math.addExact(sums[piece], word.count());
      }
    }

    public long[] sums() {
      return sums;
    }
  }

  private UnigramTraining(Corpus corpus, IntConsumer progress) {
    this.corpus = corpus;
    this.progress = progress;
  }

  /**
   * @param characters all that words are made of, with their counts; each stays a piece
   * @param substrings that may become pieces, of two to {@link #LONGEST} characters, with their counts
   * @param size pieces that are asked for
   * @param progress is told how many pieces are left
   * @throws UserError where there are not as many
   */
  public static Model train(Corpus corpus, Collection<CountedWord> characters, Collection<CountedWord> substrings,
      int size, IntConsumer progress) {
    return new UnigramTraining(corpus, progress).train(characters, substrings, size);
  }

  private Model train(Collection<CountedWord> characters, Collection<CountedWord> substrings, int size) {
    Set<String> single = new HashSet<>();
    characters.forEach(character -> single.add(character.word()));
    List<CountedWord> seeds = new ArrayList<>(characters);
    seeds.addAll(substrings);
    seeds.sort(Comparator.comparing(CountedWord::word));
    double[] weights = seeds.stream()
        .mapToDouble(seed -> (double) seed.count() * seed.word().codePointCount(0, seed.word().length())).toArray();
    double sum = Arrays.stream(weights).sum();
    Model model = new Model(seeds.stream().map(CountedWord::word).toList(),
        Arrays.stream(weights).map(weight -> StrictMath.log(weight / sum)).toArray());
    int wanted = (int) Math.max(size, SURPLUS * size), all = 0;
    while (true) {
      for (int round = 0; round < ROUNDS; round++) model = fitted(model, single);
      progress.accept(model.pieces().size());
      if (all == 0) all = model.pieces().size();
      if (model.pieces().size() <= wanted) break;
      model = pruned(model, wanted);
    }
    if (model.pieces().size() < size) throw tooFew(model.pieces().size(), all, single.size(), size);
    return ended(model, single, size);
  }

  /**
   * Nothing is pruned where all pieces are asked for, so that many is a size that can be had, and the largest: unless the
   * alphabet, which grows with the vocabulary, is another one then.
   */
  private static UserError tooFew(int left, int all, int characters, int size) {
    int largest = UnigramTrainer.vocabularySize(all);
    String few = "this corpus has only " + left + " different pieces; " + size + " are needed: ";
    if (largest < UnigramTrainer.SMALLEST) return new UserError(few + "give more text");
    boolean sameAlphabet = UnigramTrainer.piecesFor(characters) <= all
        && (all < size || UnigramTrainer.piecesFor(characters + 1) <= size);
    if (all < size && !sameAlphabet)
      return new UserError(
          few + "ask for a vocabularySize below " + largest + ": a smaller one leaves its rarest characters "
              + "out; or give more text");
    if (!sameAlphabet) return new UserError(few + "ask for a smaller vocabularySize, or give more text");
    return new UserError(few + "the largest vocabularySize that it gives is " + largest + "; ask for "
        + (all < size ? "that or less" : "that") + ", or give more text");
  }

  /** One step of expectation and maximisation; pieces that are hardly expected go, characters stay. */
  private Model fitted(Model model, Set<String> single) {
    long[] expected = corpus.sum(model, Counts.EXPECTED);
    List<String> pieces = new ArrayList<>();
    List<Double> counts = new ArrayList<>();
    double sum = 0;
    for (int i = 0; i < expected.length; i++) {
      double count = Math.scalb((double) expected[i], -FRACTION_BITS);
      boolean character = single.contains(model.pieces().get(i));
      if (count < LEAST_EXPECTED && !character) continue;
      pieces.add(model.pieces().get(i));
      counts.add(Math.max(count, LEAST_EXPECTED));
      sum += Math.max(count, LEAST_EXPECTED);
    }
    double all = digamma(sum);
    return new Model(pieces, counts.stream().mapToDouble(count -> digamma(count) - all).toArray());
  }

  /** Leaves a quarter of the pieces out, or what is too many: those without which the corpus stays most probable. */
  private Model pruned(Model model, int wanted) {
    long[] used = corpus.sum(model, Counts.BEST);
    double sum = Arrays.stream(used).asDoubleStream().sum();
    double logSum = StrictMath.log(sum);
    UnigramPieces pieces = new UnigramPieces(model.pieces(), model.scores());
    boolean[] kept = new boolean[used.length];
    double[] losses = new double[used.length];
    List<Integer> candidates = new ArrayList<>();
    int count = 0;
    for (int i = 0; i < used.length; i++) {
      int[] alternative = pieces.alternative(i);
      if (alternative == null) {
        kept[i] = true;
        count++;
      } else if (used[i] > 0 && pieces.best(model.pieces().get(i)).length == 1) {
        double logOther = StrictMath.log(sum + used[i] * (alternative.length - 1.0));
        double other = 0;
        for (int piece : alternative) other += StrictMath.log((double) used[piece] + used[i]) - logOther;
        losses[i] = used[i] / sum * (StrictMath.log(used[i]) - logSum - other);
        candidates.add(i);
      }
    }
    int left = Math.max(wanted, (int) (SHRINK * used.length)) - count;
    candidates.sort(Comparator.comparingDouble((Integer i) -> -losses[i]).thenComparing(i -> i));
    candidates.stream().limit(Math.max(0, left)).forEach(i -> kept[i] = true);
    int[] stay = IntStream.range(0, kept.length).filter(i -> kept[i]).toArray();
    return of(model, stay);
  }

  private static Model of(Model model, int[] pieces) {
    return new Model(Arrays.stream(pieces).mapToObj(model.pieces()::get).toList(),
        Arrays.stream(pieces).mapToDouble(i -> model.scores()[i]).toArray());
  }

  /** All characters and the most probable of the other pieces, the most probable first. */
  private Model ended(Model model, Set<String> single, int size) {
    double[] scores = model.scores();
    Comparator<Integer> probable = Comparator.comparingDouble((Integer i) -> -scores[i]).thenComparing(i -> i);
    List<Integer> order = new ArrayList<>(IntStream.range(0, scores.length).boxed().sorted(probable).toList());
    long others = size - (long) single.size();
    Set<Integer> stay = new HashSet<>();
    for (int i : order) {
      boolean character = single.contains(model.pieces().get(i));
      if (character || others-- > 0) stay.add(i);
    }
    order.retainAll(stay);
    return of(model, order.stream().mapToInt(i -> i).toArray());
  }

  /** The logarithm's like that is less for small counts: the derivative of log gamma (Abramowitz and Stegun 1964, 6.3.5 and 6.3.18). */
  static double digamma(double x) {
    double sum = 0;
    double y = x;
    for (; y < 7; y++) sum -= 1 / y;
    double square = 1 / (y * y);
    return sum + StrictMath.log(y) - 0.5 / y
        - square * (1.0 / 12 - square * (1.0 / 120 - square * (1.0 / 252 - square * (1.0 / 240 - square / 132))));
  }
}
