package dev.kindling.data.tokenizer;

import dev.kindling.checkpoint.UserError;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;

/**
 * Makes T5's kind of tokenizer from counted words: {@link UnigramTraining} finds the pieces, this says what they are made of and what ids
 * they get: {@code <pad>}, {@code </s>}, {@code <unk>}, the pieces from the most probable on, {@code <extra_id_99>} to {@code <extra_id_0>}.
 */
public final class UnigramTrainer {
  /** How many of the commonest substrings the training begins with, as sentencepiece does. */
  public static final int SEEDS = 1_000_000;
  static final List<String> FIRST = List.of("<pad>", "</s>", "<unk>");
  static final int SENTINELS = 100;
  private static final int SPECIAL = FIRST.size() + SENTINELS;
  /** The smallest vocabulary: what is special, and some characters. */
  public static final int SMALLEST = SPECIAL + 16;
  private static final int CHARACTERS = 4;
  private static final double DECIMALS = 1e6;

  /** The commonest first, then by their order. */
  public static final Comparator<CountedWord> BY_WEIGHT = new ByWeight();

  private static final class ByWeight implements Comparator<CountedWord>, java.io.Serializable {
    private static final long serialVersionUID = 1L;

    @Override
    public int compare(CountedWord a, CountedWord b) {
      int byWeight = Double.compare(weight(b), weight(a));
      return byWeight != 0 ? byWeight : a.word().compareTo(b.word());
    }

    private static double weight(CountedWord one) {
      return (double) one.count() * one.word().codePointCount(0, one.word().length());
    }
  }

  private UnigramTrainer() {
  }

  /** How many pieces a vocabulary of that size has. */
  public static int pieces(int vocabularySize) {
    return vocabularySize - SPECIAL;
  }

  /** The size of a vocabulary with that many pieces. */
  static int vocabularySize(int pieces) {
    return pieces + SPECIAL;
  }

  /** How many pieces a corpus of that many different characters must give for all of them to be of the alphabet. */
  static int piecesFor(int characters) {
    return CHARACTERS * characters;
  }

  /**
   * What pieces are made of: of the characters the commonest, a quarter of the pieces at most, of equally common ones the first.
   *
   * @param characters one each, counted
   */
  public static Set<String> alphabet(Collection<CountedWord> characters, int vocabularySize) {
    Comparator<CountedWord> commonest = Comparator.comparing((CountedWord one) -> -one.count())
        .thenComparing(one -> one.word().codePointAt(0));
    return characters.stream().sorted(commonest).limit(pieces(vocabularySize) / CHARACTERS).map(CountedWord::word)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** Gives out what stands between the characters that are not of the alphabet. */
  public static void forEachPart(String word, Set<String> alphabet, Consumer<String> parts) {
    int from = 0;
    for (int i = 0; i < word.length();) {
      int next = i + Character.charCount(word.codePointAt(i));
      if (!alphabet.contains(word.substring(i, next))) {
        if (from < i) parts.accept(word.substring(from, i));
        from = next;
      }
      i = next;
    }
    if (from < word.length()) parts.accept(word.substring(from));
  }

  /** Gives out every stretch of two to {@link UnigramTraining#LONGEST} characters. */
  public static void forEachSubstring(String part, Consumer<String> substrings) {
    int[] starts = new int[part.codePointCount(0, part.length()) + 1];
    for (int i = 1; i < starts.length; i++) starts[i] = part.offsetByCodePoints(starts[i - 1], 1);
    for (int from = 0; from < starts.length - 1; from++) {
      for (int to = from + 2; to < starts.length && to - from <= UnigramTraining.LONGEST; to++)
        substrings.accept(part.substring(starts[from], starts[to]));
    }
  }

  /** @param words of {@link UnigramWords}, in memory; the rest as in {@link BpeTrainer#train} */
  static Tokenizer train(Collection<CountedWord> words, int vocabularySize, IntConsumer progress) {
    UserError.require(vocabularySize >= SMALLEST, "vocabularySize", vocabularySize, "at least " + SMALLEST);
    Map<String, Long> characters = new HashMap<>();
    for (CountedWord word : words)
      word.word().codePoints().forEach(c -> characters.merge(Character.toString(c), word.count(), Math::addExact));
    Set<String> alphabet = alphabet(counted(characters), vocabularySize);
    Map<String, Long> parts = new HashMap<>();
    for (CountedWord word : words)
      forEachPart(word.word(), alphabet, part -> parts.merge(part, word.count(), Math::addExact));
    Map<String, Long> substrings = new HashMap<>();
    parts.forEach(
        (part, count) -> forEachSubstring(part, piece -> substrings.merge(piece, count, Math::addExact)));
    substrings.values().removeIf(count -> count < 2);
    characters.keySet().retainAll(alphabet);
    List<CountedWord> seeds = counted(substrings).stream().sorted(BY_WEIGHT).limit(SEEDS).toList();
    List<CountedWord> all = counted(parts);
    UnigramTraining.Corpus corpus = (model, counts) -> {
      UnigramTraining.Counter counter = model.counter(counts);
      all.forEach(counter::add);
      return counter.sums();
    };
    return tokenizer(
        UnigramTraining.train(corpus, counted(characters), seeds, pieces(vocabularySize), progress));
  }

  private static List<CountedWord> counted(Map<String, Long> counts) {
    return counts.entrySet().stream().map(one -> new CountedWord(one.getKey(), one.getValue())).toList();
  }

  /** With six decimals of the logarithms: every library reads these as the same number. */
  public static Tokenizer tokenizer(UnigramTraining.Model model) {
    List<String> names = new ArrayList<>(FIRST);
    names.addAll(model.pieces());
    for (int i = SENTINELS - 1; i >= 0; i--) names.add("<extra_id_" + i + ">");
    double[] scores = new double[names.size()];
    for (int i = 0; i < model.scores().length; i++)
      scores[FIRST.size() + i] = Math.rint(model.scores()[i] * DECIMALS) / DECIMALS;
    List<Vocabulary.AddedToken> added = new ArrayList<>();
    for (int id = 0; id < names.size(); id++) {
      boolean special = id < FIRST.size() || id >= names.size() - SENTINELS;
      if (special) added.add(new Vocabulary.AddedToken(id, names.get(id), true, false));
    }
    return Tokenizer.parse(UnigramJson.write(new UnigramVocabulary(names, scores, added, 2)), "the trained tokenizer");
  }
}
